import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { localChildren } from "../../src/os/children.ts";
import { systemClock } from "../../src/os/clock.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { Processes, ProcessRef } from "../../src/ports/processes.ts";
import { endLater, gone, program, until } from "./programs.ts";
import { tempFolder } from "./temp-folder.ts";

const processes = localProcesses();
const children = localChildren(processes, systemClock());

async function startAs(op: string, code: string): Promise<ProcessRef> {
  endLater("LASTGOOD_OP", op);
  const cwd = await tempFolder();
  const logFile = join(cwd, "log");
  const started = await processes.start({
    argv: await program(cwd, "child", code),
    cwd,
    env: { LASTGOOD_OP: op },
    logFile,
  });
  if (!started.ok) throw new Error(started.error.what);
  return started.value;
}

test("reap ends every child of its op, also those that moved to another session, and no other", async () => {
  const op = `op-${process.pid}-a`;
  const code = `import { spawn } from "node:child_process";
    if (process.argv[2] !== "last") spawn(process.execPath, [process.argv[1], "last"], { detached: true, stdio: "ignore" }).unref();
    setInterval(() => {}, 1000);`;
  const mine = await startAs(op, code);
  const other = await startAs(`${op}b`, "setInterval(() => {}, 1000);");
  await until(async () => (await processes.find("LASTGOOD_OP", op)).length === 2);
  expect(await children.reap(op)).toBe(2);
  expect(await processes.find("LASTGOOD_OP", op)).toEqual([]);
  expect(gone(mine)).toBe(true);
  expect(processes.alive(other)).toBe(true);
  expect(await children.reap(op)).toBe(0);
});

test("a child that ignores SIGTERM is killed after the grace", async () => {
  const op = `op-${process.pid}-c`;
  const cwd = await tempFolder();
  const code = 'process.on("SIGTERM", () => {}); console.log("ready"); setInterval(() => {}, 1000);';
  endLater("LASTGOOD_OP", op);
  const logFile = join(cwd, "log");
  const started = await processes.start({
    argv: await program(cwd, "deaf", code),
    cwd,
    env: { LASTGOOD_OP: op },
    logFile,
  });
  await until(async () => (await readFile(logFile, "utf8")).includes("ready"));
  expect(await children.reap(op)).toBe(1);
  expect(started.ok && gone(started.value)).toBe(true);
});

test("one that is started while the others end is ended too", async () => {
  const op = `op-${process.pid}-d`;
  const code = `import { spawn } from "node:child_process";
    if (process.argv[2] !== "last") process.on("SIGTERM", () => {
      spawn(process.execPath, [process.argv[1], "last"], { detached: true, stdio: "ignore" }).unref();
      setTimeout(() => process.exit(0), 100);
    });
    setInterval(() => {}, 1000);
    if (process.argv[2] !== "last") console.log("ready");`;
  const cwd = await tempFolder();
  endLater("LASTGOOD_OP", op);
  const logFile = join(cwd, "log");
  await processes.start({ argv: await program(cwd, "late", code), cwd, env: { LASTGOOD_OP: op }, logFile });
  await until(async () => (await readFile(logFile, "utf8")).includes("ready"));
  expect(await children.reap(op)).toBe(2);
  expect(await processes.find("LASTGOOD_OP", op)).toEqual([]);
});

test("the controller itself is never reaped, and one that outlives SIGKILL is not called gone", async () => {
  const signalled: number[] = [];
  let elapsed = 0;
  const sleep = async (ms: number): Promise<void> => {
    elapsed += ms;
  };
  const clock = { ...systemClock(), elapsed: () => elapsed, sleep };
  const stuck: Processes = {
    ...processes,
    find: async () => [processes.self(), { pid: 999_999_999, startTime: "1" }],
    alive: () => true,
    signal: ({ pid }) => signalled.push(pid) > 0,
  };
  await expect(localChildren(stuck, clock).reap("op")).rejects.toThrow("999999999");
  expect(signalled).toEqual([999_999_999, 999_999_999]);
});
