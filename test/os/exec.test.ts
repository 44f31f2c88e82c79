import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { systemClock } from "../../src/os/clock.ts";
import { localHost } from "../../src/os/exec.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { Command, Finished } from "../../src/ports/host.ts";
import { endLater, program, until } from "./programs.ts";
import { tempFolder } from "./temp-folder.ts";

const host = localHost({ PATH: "/usr/bin:/bin", LANG: "C" }, systemClock());

async function runCode(code: string, more: Partial<Command> = {}, signal?: AbortSignal): Promise<Finished> {
  const argv = await program(await tempFolder(), "program", code);
  const result = await host.run({ argv, effect: "read", op: null, timeoutMs: 20_000, ...more }, signal);
  if (!result.ok) throw new Error(result.error.what);
  return result.value;
}

test("the record of a good end is complete", async () => {
  const done = await runCode('process.stdin.pipe(process.stdout); console.error("note")', {
    stdin: "in → out",
  });
  expect(done).toMatchObject({
    exitCode: 0,
    signal: null,
    timedOut: false,
    cancelled: false,
    truncated: false,
  });
  expect([done.stdout, done.stderr]).toEqual(["in → out", "note\n"]);
  expect(done.durationMs).toBeGreaterThan(0);
});

test("a bad end is a record too, not an error", async () => {
  expect(await runCode("process.exit(7)")).toMatchObject({ exitCode: 7, signal: null });
  expect(await runCode('process.kill(process.pid, "SIGKILL")')).toMatchObject({
    exitCode: null,
    signal: "SIGKILL",
  });
});

test("a command sees the host's environment, its own and its op, and nothing of the controller's", async () => {
  const done = await runCode("console.log(JSON.stringify(process.env))", {
    op: "op-1",
    env: { MORE: "x", LANG: "de" },
  });
  expect(JSON.parse(done.stdout)).toEqual({
    PATH: "/usr/bin:/bin",
    LANG: "de",
    MORE: "x",
    LASTGOOD_OP: "op-1",
  });
});

test("arguments reach the program as they stand: there is no shell", async () => {
  const naughty = ["$(touch pwned)", "`id`", "; rm -rf x", "a b", "*", "", "'\"", "-n", "\n", "%s"];
  const cwd = await tempFolder();
  const argv = await program(cwd, "show", "console.log(JSON.stringify(process.argv.slice(2)))");
  const result = await host.run({
    argv: [...argv, ...naughty],
    effect: "read",
    op: null,
    timeoutMs: 20_000,
    cwd,
  });
  expect(result.ok && JSON.parse(result.value.stdout)).toEqual(naughty);
  await expect(stat(join(cwd, "pwned"))).rejects.toThrow();
});

test("out of time: the whole group ends, also members that ignore SIGTERM", async () => {
  const op = `op-exec-${process.pid}`;
  endLater("LASTGOOD_OP", op);
  const code = `import { spawn } from "node:child_process";
    process.on("SIGTERM", () => {});
    if (process.argv[2] !== "last") spawn(process.execPath, [process.argv[1], "last"], { stdio: "inherit" });
    console.log("begun"); setInterval(() => {}, 1000);`;
  const done = await runCode(code, { op, timeoutMs: 2_500 });
  expect(done).toMatchObject({ timedOut: true, cancelled: false, exitCode: null, signal: "SIGKILL" });
  expect(done.stdout).toContain("begun");
  await until(async () => (await localProcesses().find("LASTGOOD_OP", op)).length === 0);
});

test("an abort ends it and is told apart from a timeout; aborted before, it never begins", async () => {
  const stop = new AbortController();
  const folder = await tempFolder();
  const code = `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(join(folder, "begun"))}, ""); setInterval(() => {}, 1000);`;
  const running = runCode(code, {}, stop.signal);
  await until(() =>
    stat(join(folder, "begun")).then(
      () => true,
      () => false,
    ),
  );
  stop.abort();
  expect(await running).toMatchObject({ cancelled: true, timedOut: false, signal: "SIGTERM" });
  const never = await host.run(
    { argv: ["true"], effect: "write", op: null, timeoutMs: 1_000 },
    AbortSignal.abort(),
  );
  expect(never).toMatchObject({ ok: false, error: { code: "cancelled" } });
});

test("what a command leaves in its group does not outlive it, and its end is not waited for", async () => {
  const op = `op-left-${process.pid}`;
  endLater("LASTGOOD_OP", op);
  const code = `import { spawn } from "node:child_process";
    if (process.argv[2] === "last") setInterval(() => {}, 1000);
    else { spawn(process.execPath, [process.argv[1], "last"], { stdio: "inherit" }).unref(); console.log("done"); process.exit(0); }`;
  expect(await runCode(code, { op })).toMatchObject({ exitCode: 0, stdout: "done\n", timedOut: false });
  await until(async () => (await localProcesses().find("LASTGOOD_OP", op)).length === 0);
});

test("one that left the group and holds the output does not keep us waiting", async () => {
  const op = `op-out-${process.pid}`;
  endLater("LASTGOOD_OP", op);
  const code = `import { spawn } from "node:child_process";
    if (process.argv[2] === "last") setInterval(() => {}, 1000);
    else { spawn(process.execPath, [process.argv[1], "last"], { stdio: "inherit", detached: true }).unref(); console.log("done"); process.exit(0); }`;
  expect(await runCode(code, { op })).toMatchObject({ exitCode: 0, stdout: "done\n", timedOut: false });
  expect(await localProcesses().find("LASTGOOD_OP", op)).toHaveLength(1); // the reaper's, not ours
});

test("output is capped: the first part of stdout, the last part of stderr, and it says so", async () => {
  const bytes = limits.childOutputBytes;
  const code = `import { writeSync } from "node:fs";
    const block = "x".repeat(65536);
    for (const fd of [1, 2]) {
      writeSync(fd, "BEGIN");
      for (let i = 0; i < ${(bytes / 65_536) * 3}; i++) for (let at = 0; at < block.length; at += writeSync(fd, block.slice(at)));
      writeSync(fd, "END");
    }`;
  const done = await runCode(code);
  expect(done).toMatchObject({ exitCode: 0, truncated: true });
  expect([done.stdout.length, done.stderr.length]).toEqual([bytes, bytes]);
  expect([done.stdout.startsWith("BEGIN"), done.stderr.endsWith("END")]).toEqual([true, true]);
});

test("a program or folder that is not there is an error that names it", async () => {
  const missing = await host.run({ argv: ["no-such-program"], effect: "read", op: null, timeoutMs: 1_000 });
  expect(missing).toMatchObject({ ok: false, error: { code: "missing", where: "no-such-program" } });
  const cwd = join(await tempFolder(), "no");
  const nowhere = await host.run({ argv: ["true"], effect: "read", op: null, timeoutMs: 1_000, cwd });
  expect(nowhere).toMatchObject({ ok: false, error: { code: "missing", where: cwd } });
});

test("a program that ends without reading its input is no error", async () => {
  expect(await runCode("process.exit(0)", { stdin: "x".repeat(5_000_000) })).toMatchObject({ exitCode: 0 });
});

test("the source of exec has no shell", async () => {
  expect(await readFile("src/os/exec.ts", "utf8")).not.toMatch(/shell:/);
});
