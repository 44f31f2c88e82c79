// What else a driver needs on a host: its loopback ports and sockets over HTTP, and an end for what a step left there.
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { localChildren } from "../../../src/os/children.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { hostChildren } from "../../../src/os/host-children.ts";
import { httpClient } from "../../../src/os/http-client.ts";
import { localProcesses } from "../../../src/os/processes.ts";
import { sshHttp } from "../../../src/os/ssh-forward.ts";
import { freePort } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { endLater, until } from "../programs.ts";
import { type SshBed, sshBed } from "./bed.ts";

const timeout = 60_000;
const http = httpClient();

function client({ host, target, places, local }: SshBed) {
  return sshHttp(host, target, places, { local, http });
}

async function serve(where: number | string, text: string): Promise<Server> {
  const server = createServer((_, answer) => answer.end(text));
  await new Promise<void>((resolve) =>
    typeof where === "string" ? server.listen(where, resolve) : server.listen(where, "127.0.0.1", resolve),
  );
  onTestFinished(() => void server.close());
  return server;
}

(await describeWith("sshd"))("http over ssh", () => {
  test("reaches a port of its loopback and a socket", { timeout }, async () => {
    const bed = await sshBed();
    const port = await freePort();
    await serve(port, "from the port");
    const socketPath = join(bed.sshd.folder, "app.sock");
    await serve(socketPath, "from the socket");
    const url = `http://127.0.0.1:${port}/health`;
    const ask = (more: object) => client(bed).request({ method: "GET", url, timeoutMs: 10_000, ...more });
    expect(await ask({})).toMatchObject({ ok: true, value: { status: 200, body: "from the port" } });
    expect(await ask({ socketPath })).toMatchObject({ ok: true, value: { body: "from the socket" } });
  });

  test("where nobody listens it is unreachable; once somebody does, it works", { timeout }, async () => {
    const bed = await sshBed();
    const port = await freePort();
    const ask = () =>
      client(bed).request({ method: "GET", url: `http://127.0.0.1:${port}/`, timeoutMs: 10_000 });
    expect(await ask()).toMatchObject({ ok: false, error: { code: "unreachable" } });
    await serve(port, "now");
    expect(await ask()).toMatchObject({ ok: true, value: { body: "now" } });
  });

  test("it comes back after the connection was cut", { timeout }, async () => {
    const bed = await sshBed();
    const port = await freePort();
    await serve(port, "here");
    const ask = () =>
      client(bed).request({ method: "GET", url: `http://127.0.0.1:${port}/`, timeoutMs: 10_000 });
    expect(await ask()).toMatchObject({ ok: true });
    await bed.sshd.killSessions();
    await until(async () => (await ask()).ok);
    expect(await ask()).toMatchObject({ ok: true, value: { body: "here" } });
  });
});

(await describeWith("sshd"))("what a step left on a host", () => {
  test("is ended by its op, also when it does not listen to SIGTERM", { timeout }, async () => {
    const bed = await sshBed();
    const op = `op-reap-${process.pid}`;
    endLater("LASTGOOD_OP", op);
    const code = 'process.on("SIGTERM", () => {}); console.log("on"); setInterval(() => {}, 1000)';
    const lost = bed.host.run({
      argv: [process.execPath, "-e", code],
      effect: "write",
      op,
      timeoutMs: 60_000,
    });
    const processes = localProcesses();
    const there = async () => (await processes.find("LASTGOOD_OP", op)).length;
    await until(async () => (await there()) >= 2);
    await bed.sshd.killSessions();
    await lost;
    expect(await there()).toBeGreaterThan(0);
    // As on a machine of its own: the reaper of this one finds nothing.
    const children = hostChildren(bed.host, systemClock(), { reap: async () => 0 });
    expect(await children.reap(op)).toBeGreaterThan(0);
    expect(await there()).toBe(0);
    expect(await children.reap(op)).toBe(0);
  });

  test("can't be said to be gone while the host can't be asked", { timeout }, async () => {
    const bed = await sshBed();
    await bed.sshd.stop();
    const own = localChildren(localProcesses(), systemClock());
    await expect(hostChildren(bed.host, systemClock(), own).reap("op-x")).rejects.toThrow("can't be asked");
  });
});
