import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type http from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type ProxyTrafficConfig, proxyTraffic } from "../../../src/drivers/traffic/proxy/proxy.ts";
import {
  ask,
  type Bed,
  backend,
  deps,
  op,
  proxyBed,
  route,
  type TestBackend,
  tempDir,
  until,
  value,
} from "../../proxy/bed.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function newBed(options: Parameters<typeof proxyBed>[0] = {}): Promise<Bed> {
  const bed = await proxyBed(options);
  cleanups.push(bed.close);
  return bed;
}

async function app(name: string, handler?: http.RequestListener): Promise<TestBackend> {
  const made = await backend(name, handler);
  cleanups.push(made.close);
  return made;
}

/** A config of its own, whose processes are ended after the test. */
async function newConfig(stateDir = tempDir()): Promise<ProxyTrafficConfig> {
  cleanups.push(async () => {
    const find = () => deps.processes.find("LASTGOOD_PROXY", stateDir);
    for (const one of await find()) deps.processes.signal(one, "SIGKILL");
    await until(async () => (await find()).length === 0);
    rmSync(stateDir, { recursive: true, force: true });
  });
  return { stateDir, listen: { host: "127.0.0.1", port: await deps.processes.freePort() } };
}

async function kill(bed: Bed): Promise<void> {
  for (const pid of await bed.pids()) process.kill(pid, "SIGKILL");
  await until(async () => (await bed.pids()).length === 0);
}

function code(result: { readonly ok: boolean }): string {
  const read = result as { ok: boolean; error?: { code: string } };
  return read.ok ? "ok" : (read.error?.code ?? "");
}

test("after kill -9 the proxy is unreachable, and ensure brings it back with its route, generation and fence", async () => {
  const bed = await newBed();
  const v1 = await app("v1");
  const { generation } = value(await bed.traffic.now());
  const before = value(
    await bed.traffic.change(op("one", 7), generation, { backend: route(v1), held: false }),
  );
  await kill(bed);
  expect(code(await bed.traffic.now())).toBe("unreachable");
  expect(code(await bed.traffic.inFlight("x"))).toBe("unreachable");
  expect(code(await bed.traffic.change(op("x", 8), 1, { backend: null, held: false }))).toBe("unreachable");
  expect(code(await bed.traffic.whoAnswers("/", 1_000))).toBe("unreachable");
  value(await bed.traffic.ensure());
  expect(value(await bed.traffic.now())).toEqual(before);
  expect((await ask(bed.url)).body).toBe("v1");
  expect(
    code(await bed.traffic.change(op("late", 6), before.generation, { backend: null, held: false })),
  ).toBe("fenced");
});

test("every acknowledged change is there after kill -9, whenever it comes", { timeout: 60_000 }, async () => {
  const bed = await newBed();
  const v1 = route(await app("v1"));
  for (let round = 0; round < 5; round += 1) {
    let acknowledged = value(await bed.traffic.now()).generation;
    const changes = (async () => {
      for (;;) {
        const change = { backend: v1, held: acknowledged % 2 === 0 };
        const answer = await bed.traffic.change(op(`r${round}-${acknowledged}`), acknowledged, change);
        if (!answer.ok) return;
        acknowledged = answer.value.generation;
      }
    })();
    const goal = acknowledged + 3 + round;
    await until(() => acknowledged >= goal);
    await kill(bed);
    await changes;
    value(await bed.traffic.ensure());
    // The last one may have been saved without its answer getting out, but never the other way round.
    const { generation } = value(await bed.traffic.now());
    expect([acknowledged, acknowledged + 1]).toContain(generation);
  }
});

test("ensure starts one proxy only, also when several controllers call it at once and again", async () => {
  const config = await newConfig();
  const controllers = Array.from({ length: 4 }, () => proxyTraffic(config, deps));
  const first = await Promise.all(controllers.map((one) => one.ensure()));
  expect(first.map(code)).toEqual(["ok", "ok", "ok", "ok"]);
  await until(async () => (await deps.processes.find("LASTGOOD_PROXY", config.stateDir)).length === 1);
  const [before] = await deps.processes.find("LASTGOOD_PROXY", config.stateDir);
  value(await proxyTraffic(config, deps).ensure());
  expect(await deps.processes.find("LASTGOOD_PROXY", config.stateDir)).toEqual([before]);
});

test("the proxy is in a session of its own and keeps no secret in its arguments", async () => {
  const bed = await newBed();
  await bed.to(null);
  const [pid] = await bed.pids();
  const [, afterName] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const session = Number(afterName?.split(" ")[3]);
  expect(session).toBe(pid);
  const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  expect(argv.slice(1, 4)).toEqual([deps.proxyMain, "--config", join(bed.stateDir, "proxy.json")]);
  expect(statSync(join(bed.stateDir, "control.sock")).mode & 0o777).toBe(0o600);
  expect(statSync(join(bed.stateDir, "route.json")).mode & 0o777).toBe(0o600);
});

test("a port that somebody else has is told as port-in-use, with the port", async () => {
  const config = await newConfig();
  const other = createServer();
  other.listen(config.listen.port, "127.0.0.1");
  await once(other, "listening");
  cleanups.push(() => void other.close());
  const result = await proxyTraffic(config, deps).ensure();
  expect(code(result)).toBe("port-in-use");
  expect(result.ok ? "" : result.error.what).toContain(String(config.listen.port));
  expect(await deps.processes.find("LASTGOOD_PROXY", config.stateDir)).toEqual([]);
});

test("a damaged route file stops the start instead of forgetting the fence", async () => {
  const bed = await newBed();
  await bed.to(route(await app("v1")));
  await kill(bed);
  writeFileSync(join(bed.stateDir, "route.json"), '{"generation":');
  const result = await bed.traffic.ensure();
  expect(code(result)).toBe("damaged");
  expect(result.ok ? "" : result.error.what).toContain("route.json");
});

test("a running proxy on another address than the config's is told, not replaced", async () => {
  const bed = await newBed();
  const port = await deps.processes.freePort();
  const moved = proxyTraffic({ stateDir: bed.stateDir, listen: { host: "127.0.0.1", port } }, deps);
  expect(code(await moved.ensure())).toBe("busy");
});

test("a node that does not exist is told as missing", async () => {
  const config = await newConfig();
  expect(code(await proxyTraffic(config, { ...deps, node: "/nowhere/node" }).ensure())).toBe("missing");
});

test("a program that ends at once is told with its last words", async () => {
  const config = await newConfig();
  const broken = join(config.stateDir, "broken.mjs");
  writeFileSync(broken, 'throw new Error("no such thing as a proxy")');
  const result = await proxyTraffic(config, { ...deps, proxyMain: broken }).ensure();
  expect(code(result)).toBe("failed");
});

test("state folders too deep for a unix socket use a short path elsewhere, or say so", async () => {
  const root = tempDir();
  const deep = join(root, "x".repeat(120));
  mkdirSync(deep);
  const config = await newConfig(deep);
  cleanups.push(() => rmSync(root, { recursive: true, force: true }));
  expect(code(await proxyTraffic(config, deps).ensure())).toBe("config");
  const traffic = proxyTraffic({ ...config, socketDir: root }, deps);
  value(await traffic.ensure());
  expect(value(await traffic.now()).generation).toBe(0);
  expect(existsSync(join(deep, "control.sock"))).toBe(false);
});

test("a change that can't be saved fails with its reason, and the old route stays", async () => {
  const bed = await newBed();
  const [v1, v2] = [await app("v1"), await app("v2")];
  const before = await bed.to(route(v1));
  // A folder where the new state is to be written: fails for root too, where permissions would not.
  mkdirSync(join(bed.stateDir, "route.json.tmp"));
  const change = { backend: route(v2), held: false };
  const failed = await bed.traffic.change(op("two"), before.generation, change);
  expect(code(failed)).toBe("failed");
  expect(failed.ok ? "" : failed.error.what).toContain("the old one stays");
  expect(value(await bed.traffic.now())).toEqual(before);
  expect((await ask(bed.url)).body).toBe("v1");
  rmSync(join(bed.stateDir, "route.json.tmp"), { recursive: true });
  value(await bed.traffic.change(op("two"), before.generation, change));
  expect((await ask(bed.url)).body).toBe("v2");
});

test("shutDown finishes what is in flight, writes the log out, and keeps the route for the next start", async () => {
  const bed = await newBed();
  let finish = (): void => undefined;
  const v1 = await app("v1", (_request, response) => {
    response.write("begun, ");
    finish = () => response.end("ended");
  });
  const state = await bed.to(route(v1));
  const slow = ask(`${bed.url}/slow`);
  await until(() => v1.seen.length === 1);
  const down = bed.traffic.shutDown(op("down"));
  await until(async () => (await bed.stats())["stopping"] === true);
  await expect(ask(bed.url)).rejects.toThrow(/ECONNREFUSED/);
  finish();
  expect((await slow).body).toBe("begun, ended");
  value(await down);
  expect(await bed.pids()).toEqual([]);
  expect(bed.logLines().map((line) => line["route"])).toContain("/slow");
  value(await bed.traffic.shutDown(op("down")));
  value(await bed.traffic.ensure());
  expect(value(await bed.traffic.now())).toEqual(state);
});

test("shutDown of a fenced controller is refused, and the proxy serves on", async () => {
  const bed = await newBed();
  const { generation } = value(await bed.traffic.now());
  const backend = route(await app("v1"));
  value(await bed.traffic.change(op("new", 5), generation, { backend, held: false }));
  expect(code(await bed.traffic.shutDown(op("old", 4)))).toBe("fenced");
  expect((await ask(bed.url)).body).toBe("v1");
});

test("SIGTERM ends idle clients, held requests and, after the grace, open ones", async () => {
  const bed = await newBed({ tuning: { stopGraceMs: 200 } });
  const v1 = await app("v1", () => undefined);
  await bed.to(route(v1));
  const stuck = ask(`${bed.url}/stuck`).catch((error: Error) => error.message);
  await until(() => v1.seen.length === 1);
  await bed.to(route(v1), true);
  const held = ask(`${bed.url}/held`);
  await until(async () => (await bed.stats())["waiting"] === 1);
  for (const pid of await bed.pids()) process.kill(pid, "SIGTERM");
  expect((await held).status).toBe(503);
  expect(await stuck).toMatch(/hang up|reset/i);
  await until(async () => (await bed.pids()).length === 0);
  expect(
    bed
      .logLines()
      .map((line) => line["route"])
      .toSorted(),
  ).toEqual(["/held", "/stuck"]);
});

test("the proxy serves on when its controller is killed", async () => {
  const config = await newConfig();
  const v1 = await app("v1");
  const script = join(config.stateDir, "controller.mjs");
  const from = (path: string) => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href);
  writeFileSync(
    script,
    `import { proxyTraffic } from ${from("drivers/traffic/proxy/proxy.ts")};
     import { localFiles } from ${from("os/files.ts")};
     import { httpClient } from ${from("os/http-client.ts")};
     import { systemClock } from ${from("os/clock.ts")};
     import { localProcesses } from ${from("os/processes.ts")};
     const deps = { http: httpClient(), files: localFiles(), processes: localProcesses(), clock: systemClock(),
       node: process.execPath, proxyMain: ${JSON.stringify(deps.proxyMain)}, baseEnv: {} };
     const traffic = proxyTraffic(${JSON.stringify(config)}, deps);
     await traffic.ensure();
     const signal = new AbortController().signal;
     await traffic.change({ id: "one", epoch: 1, signal }, 0, { backend: ${JSON.stringify(route(v1))}, held: false });
     setInterval(() => undefined, 1_000);`,
  );
  const controller = value(
    await deps.processes.start({
      argv: [process.execPath, script],
      cwd: config.stateDir,
      env: {},
      logFile: join(config.stateDir, "controller.log"),
    }),
  );
  const url = `http://127.0.0.1:${config.listen.port}`;
  await until(async () => (await ask(url).catch(() => null))?.body === "v1");
  expect(deps.processes.signal(controller, "SIGKILL")).toBe(true);
  await until(() => !deps.processes.alive(controller));
  for (let i = 0; i < 5; i += 1) expect((await ask(url)).body).toBe("v1");
  expect(value(await proxyTraffic(config, deps).now()).generation).toBe(1);
});

test("whoAnswers tells the release and status of the public side, also of errors", async () => {
  const bed = await newBed();
  const v1 = await app("v1", (_request, response) => response.writeHead(500).end());
  await bed.to(route(v1));
  expect(value(await bed.traffic.whoAnswers("/x", 2_000))).toEqual({ release: "v1-release", status: 500 });
  await v1.close();
  cleanups.splice(cleanups.indexOf(v1.close), 1);
  expect(value(await bed.traffic.whoAnswers("/x", 2_000))).toEqual({ release: "v1-release", status: 502 });
  await bed.to(null);
  expect(value(await bed.traffic.whoAnswers("/x", 2_000))).toEqual({ release: null, status: 503 });
});

test("nonsense on the control socket is refused and changes nothing", async () => {
  const bed = await newBed();
  const socketPath = join(bed.stateDir, "control.sock");
  const send = async (method: "GET" | "POST", path: string, body?: string) =>
    value(
      await deps.http.request({
        method,
        url: `http://p${path}`,
        socketPath,
        timeoutMs: 2_000,
        ...(body !== undefined && { body }),
      }),
    ).status;
  const good = { op: "x", epoch: 1, expected: 0, backend: null, held: true };
  expect(await send("POST", "/change", "{")).toBe(400);
  expect(await send("POST", "/change", JSON.stringify({ ...good, more: 1 }))).toBe(400);
  expect(await send("POST", "/change", JSON.stringify({ ...good, epoch: -1 }))).toBe(400);
  const evil = { release: "a\r\nset-cookie: x=1", instance: "i", url: "http://127.0.0.1:1" };
  expect(await send("POST", "/change", JSON.stringify({ ...good, backend: evil }))).toBe(400);
  const file = { release: "a", instance: "i", url: "file:///etc/passwd" };
  expect(await send("POST", "/change", JSON.stringify({ ...good, backend: file }))).toBe(400);
  expect(await send("POST", "/change", "x".repeat(100_000))).toBe(400);
  expect(await send("GET", "/change")).toBe(404);
  expect(await send("GET", "/nothing")).toBe(404);
  expect(value(await bed.traffic.now()).generation).toBe(0);
  expect(await send("POST", "/change", JSON.stringify(good))).toBe(200);
});

test("a state folder that can't be written fails the start in words", async () => {
  const config = await newConfig();
  const file = join(config.stateDir, "not-a-folder");
  writeFileSync(file, "");
  chmodSync(file, 0o600);
  const result = await proxyTraffic({ ...config, stateDir: join(file, "state") }, deps).ensure();
  expect(result.ok).toBe(false);
});
