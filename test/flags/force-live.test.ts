// Break-glass on real processes: an app without preload is switched while it runs, and left alone where that is not safe.
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { setLive } from "../../src/os/inspector.ts";
import { until } from "./bed.ts";

const cleanings: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanings.splice(0).reverse()) await clean();
});

async function app(...options: readonly string[]) {
  const script = join(import.meta.dirname, "env-app.cjs");
  const child: ChildProcess = spawn(process.execPath, [...options, script], {
    env: { PATH: process.env["PATH"] ?? "", FEATURE_NEW_BOOKING_FLOW: "true" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  cleanings.push(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout?.on("data", (chunk) => {
    said += chunk;
  });
  await until(() => said.includes("main true"), 30_000);
  return {
    pid: child.pid ?? 0,
    said: () => said,
    alive: () => child.exitCode === null && child.signalCode === null,
  };
}

const off = new Map([["FEATURE_NEW_BOOKING_FLOW", "false"]]);

test("a running Node process has the new value without a restart, and its inspector is closed again", async () => {
  const { pid, said, alive } = await app();
  expect(await setLive(pid, off)).toEqual({ ok: true, value: undefined });
  await until(() => said().includes("main false"));
  expect(alive()).toBe(true);
  await expect(fetch("http://127.0.0.1:9229/json/list")).rejects.toThrow();
}, 60_000);

test("a process that SIGUSR1 would end, or that is no Node, is left alone", async () => {
  const { pid, alive } = await app("--disable-sigusr1");
  expect(await setLive(pid, off)).toMatchObject({ ok: false, error: { code: "refused" } });
  const sleeper = spawn("sleep", ["60"]);
  cleanings.push(() => sleeper.kill("SIGKILL"));
  expect(await setLive(sleeper.pid ?? 0, off)).toMatchObject({
    error: { what: expect.stringContaining("no Node") },
  });
  expect([alive(), sleeper.exitCode, sleeper.signalCode]).toEqual([true, null, null]);
}, 60_000);

test("where somebody listens on the inspector's port already, nothing is sent", async () => {
  const { pid, said } = await app();
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(9_229, "127.0.0.1", resolve));
  cleanings.push(() => server.close());
  expect(await setLive(pid, off)).toMatchObject({
    error: { what: expect.stringContaining("listens on port 9229") },
  });
  expect(said()).not.toContain("main false");
}, 60_000);
