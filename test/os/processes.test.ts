import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../src/os/clock.ts";
import { parseStat } from "../../src/os/proc.ts";
import { localProcesses } from "../../src/os/processes.ts";
import { endLater, gone, program, until } from "./programs.ts";
import { tempFolder } from "./temp-folder.ts";

const processes = localProcesses();
const WAIT = "setInterval(() => {}, 1000);";

function mark(): Record<string, string> {
  const value = `mark-${process.pid}-${Math.random()}`;
  endLater("LASTGOOD_TEST", value);
  return { LASTGOOD_TEST: value };
}

test("a started process leads its own session, has only the given environment and writes to its log", async () => {
  const cwd = await tempFolder();
  const env = { ...mark(), GREETING: "hi" };
  const code = `console.log(JSON.stringify({ env: process.env, cwd: process.cwd() })); console.error("err"); ${WAIT}`;
  const logFile = join(cwd, "logs", "out.log");
  const started = await processes.start({ argv: await program(cwd, "show", code), cwd, env, logFile });
  if (!started.ok) throw new Error(started.error.what);
  await until(async () => (await readFile(logFile, "utf8")).includes("err\n"));
  const [first] = (await readFile(logFile, "utf8")).split("\n");
  expect(JSON.parse(first ?? "")).toEqual({ env, cwd });
  expect((await stat(logFile)).mode & 0o777).toBe(0o600);
  const [group, session] = execFileSync("ps", ["-o", "pgid=,sid=", "-p", String(started.value.pid)], {
    encoding: "utf8",
  })
    .trim()
    .split(/\s+/);
  expect([Number(group), Number(session)]).toEqual([started.value.pid, started.value.pid]);
  expect(processes.alive(started.value)).toBe(true);
});

test("a process outlives the controller that started it", async () => {
  const folder = await tempFolder();
  const env = mark();
  const argv = await program(folder, "wait", WAIT);
  const spec = JSON.stringify({ argv, cwd: folder, env, logFile: join(folder, "log") });
  const code = `import { localProcesses } from ${JSON.stringify(join(process.cwd(), "src/os/processes.ts"))};
    console.log(JSON.stringify(await localProcesses().start(${spec})));`;
  const [node, script] = await program(folder, "controller", code);
  const started = JSON.parse(execFileSync(node, [script], { encoding: "utf8" }));
  expect(processes.alive(started.value)).toBe(true);
  expect(await processes.find("LASTGOOD_TEST", env["LASTGOOD_TEST"] ?? "")).toEqual([started.value]);
});

test("find matches the whole value only, and finds grandchildren in sessions of their own", async () => {
  const folder = await tempFolder();
  const env = mark();
  const value = env["LASTGOOD_TEST"] ?? "";
  const code = `import { spawn } from "node:child_process";
    if (process.argv[2] !== "last") spawn(process.execPath, [process.argv[1], "last"], { detached: true, stdio: "ignore" }).unref();
    ${WAIT}`;
  const started = await processes.start({
    argv: await program(folder, "parent", code),
    cwd: folder,
    env,
    logFile: join(folder, "log"),
  });
  expect(started.ok).toBe(true);
  await until(async () => (await processes.find("LASTGOOD_TEST", value)).length === 2);
  if (started.ok) expect((await processes.find("LASTGOOD_TEST", value))[0]).toEqual(started.value);
  expect(await processes.find("LASTGOOD_TEST", value.slice(0, -1))).toEqual([]);
  expect(await processes.find("TEST", value)).toEqual([]);
});

test("a zombie counts as gone", async () => {
  const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  const pid = child.pid ?? 0;
  const startTime = parseStat(await readFile(`/proc/${pid}/stat`, "latin1"))?.startTime ?? "";
  const ref = { pid, startTime };
  expect(processes.alive(ref)).toBe(true);
  process.kill(pid, "SIGKILL");
  // Without giving the event loop a turn nobody collects it, so that it must become a zombie.
  let state = "";
  while (state !== "Z")
    state = execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).trim()[0] ?? "";
  expect(processes.alive(ref)).toBe(false);
  expect(processes.signal(ref, "SIGKILL")).toBe(false);
  await once(child, "exit");
});

test("a pid with another start time is another process and is never signalled", async () => {
  const folder = await tempFolder();
  const started = await processes.start({
    argv: await program(folder, "wait", WAIT),
    cwd: folder,
    env: mark(),
    logFile: join(folder, "log"),
  });
  if (!started.ok) throw new Error(started.error.what);
  const foreign = { ...started.value, startTime: "1" };
  expect(processes.alive(foreign)).toBe(false);
  expect(processes.signal(foreign, "SIGKILL")).toBe(false);
  expect(processes.alive(started.value)).toBe(true);
});

test("a signal reaches the whole group", async () => {
  const folder = await tempFolder();
  const env = mark();
  const code = `import { spawn } from "node:child_process";
    if (process.argv[2] !== "last") spawn(process.execPath, [process.argv[1], "last"], { stdio: "ignore" });
    ${WAIT}`;
  const started = await processes.start({
    argv: await program(folder, "parent", code),
    cwd: folder,
    env,
    logFile: join(folder, "log"),
  });
  if (!started.ok) throw new Error(started.error.what);
  const find = () => processes.find("LASTGOOD_TEST", env["LASTGOOD_TEST"] ?? "");
  await until(async () => (await find()).length === 2);
  expect(processes.signal(started.value, "SIGTERM")).toBe(true);
  await until(async () => (await find()).length === 0);
  expect(gone(started.value)).toBe(true);
});

test("a program that is missing, may not run, or has no folder to run in says so", async () => {
  const folder = await tempFolder();
  const logFile = join(folder, "log");
  const tryIt = async (program: string, cwd: string) => {
    const result = await processes.start({
      argv: [program, "--password=hunter2"],
      cwd,
      env: { PATH: "/usr/bin:/bin" },
      logFile,
    });
    return result.ok ? null : result.error;
  };
  expect(await tryIt("no-such-program", folder)).toMatchObject({ code: "missing", where: "no-such-program" });
  await writeFile(join(folder, "plain"), "text");
  const refused = await tryIt("./plain", folder);
  expect(refused).toMatchObject({ code: "failed", next: expect.stringContaining("chmod +x") });
  expect(await tryIt("true", join(folder, "no"))).toMatchObject({
    code: "missing",
    where: join(folder, "no"),
  });
  expect(JSON.stringify(refused)).not.toContain("hunter2");
});

test("environment reads one variable of a live process", async () => {
  const folder = await tempFolder();
  const env = { ...mark(), PORT: "4711", EMPTY: "" };
  const started = await processes.start({
    argv: await program(folder, "wait", WAIT),
    cwd: folder,
    env,
    logFile: join(folder, "log"),
  });
  if (!started.ok) throw new Error(started.error.what);
  expect(await processes.environment(started.value, "PORT")).toBe("4711");
  expect(await processes.environment(started.value, "EMPTY")).toBe("");
  expect(await processes.environment(started.value, "ORT")).toBe(null);
  expect(await processes.environment({ ...started.value, startTime: "1" }, "PORT")).toBe(null);
});

test("the stat line is read right whatever the program calls itself", () => {
  const fields = "S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 987654 1 1";
  const expected = { state: "S", group: 42, startTime: "987654" };
  expect(parseStat(`42 (node) ${fields}`)).toEqual(expected);
  expect(parseStat(`42 (a) Z 1 (b c)) ${fields}`)).toEqual(expected);
  expect(parseStat("")).toBe(null);
});

test("self is alive, and its start time is not that of another moment", async () => {
  expect(processes.alive(processes.self())).toBe(true);
  expect(processes.self().pid).toBe(process.pid);
  const uptime = systemClock().elapsed();
  const startedMs = Number(processes.self().startTime) * 10; // Linux counts 100 ticks a second
  expect(startedMs).toBeGreaterThan(0);
  expect(startedMs).toBeLessThanOrEqual(uptime);
});

test("a free port can be listened on at once, and is none that the system gives to outgoing connections", async () => {
  const [lowest] = (await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8")).split(/\s/);
  const port = await processes.freePort();
  expect(port).toBeLessThan(Number(lowest));
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  server.close();
});

test("where the system keeps all ports for itself, any free one will do", async () => {
  const proc = join(await tempFolder(), "proc");
  await mkdir(join(proc, "sys", "net", "ipv4"), { recursive: true });
  await writeFile(join(proc, "sys", "net", "ipv4", "ip_local_port_range"), "1024\t65535\n");
  const server = createServer().listen(await localProcesses(proc).freePort(), "127.0.0.1");
  await once(server, "listening");
  server.close();
});

test("where there is no /proc, starting and finding say that only Linux is supported", async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, "proc"));
  const elsewhere = localProcesses(join(folder, "proc"));
  const started = await elsewhere.start({
    argv: ["true"],
    cwd: folder,
    env: {},
    logFile: join(folder, "log"),
  });
  expect(started).toMatchObject({ ok: false, error: { what: expect.stringContaining("only Linux") } });
  await expect(elsewhere.find("A", "b")).rejects.toThrow("only Linux");
});
