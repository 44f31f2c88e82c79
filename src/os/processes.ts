// Long-lived processes of this machine, told apart by pid and kernel start time. Linux only.
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { ok, problem, type Result } from "../core/result.ts";
import type { Processes, ProcessRef, ProcessSpec } from "../ports/processes.ts";
import { errorCode, fileProblem } from "./file-problem.ts";
import { inParallel } from "./in-parallel.ts";
import { isGone, listPids, readEnviron, readStat } from "./proc.ts";
import { type TcpEnd, tcpEndsOf } from "./tcp-ends.ts";

const READS_AT_ONCE = 16;
/** So many ports below the system's own range are ours to choose from. */
const PORTS = 12_000;
const PORT_TRIES = 50;
const ONLY_LINUX = "this machine has no /proc, and only Linux is supported for the process runtime";

/** `environment` is beside the port: one variable of a live process, null when it is gone, unset or not readable. */
export type LocalProcesses = Processes & {
  /** Where the TCP connections of a process come from, as their other end sees them. */
  callers(process: ProcessRef): Promise<readonly TcpEnd[]>;
  environment(process: ProcessRef, name: string): Promise<string | null>;
};

/** `proc` is where the kernel shows its processes; another path is for tests only. */
export function localProcesses(proc = "/proc"): LocalProcesses {
  const alive = (ref: ProcessRef): boolean => {
    const stat = readStat(proc, ref.pid);
    return !isGone(stat) && stat?.startTime === ref.startTime;
  };
  return {
    start: (spec) => start(proc, spec),
    find: (name, value) => find(proc, name, value),
    alive,
    signal: (ref, name) => alive(ref) && send(proc, ref, name),
    freePort: () => freePort(proc),
    self: () => refOf(proc, process.pid),
    callers: (ref) => tcpEndsOf(proc, ref.pid),
    environment: async (ref, name) => {
      const environ = await readEnviron(proc, ref.pid);
      return environ !== null && alive(ref) ? valueIn(environ, name) : null;
    },
  };
}

async function start(proc: string, spec: ProcessSpec): Promise<Result<ProcessRef>> {
  if (!existsSync(`${proc}/self/stat`))
    return problem("missing", ONLY_LINUX, "run lastgood on Linux, or choose another runtime");
  let log: number;
  try {
    if (!statSync(spec.cwd).isDirectory())
      return problem("failed", `${spec.cwd} is not a folder`, "start it in a folder", spec.cwd);
    mkdirSync(dirname(spec.logFile), { recursive: true, mode: 0o700 });
    log = openSync(spec.logFile, "a", 0o600);
  } catch (error) {
    return fileProblem(error, `start ${spec.argv[0]} in ${spec.cwd}`, spec.cwd);
  }
  try {
    const [program, ...args] = spec.argv;
    const child = spawn(program, args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: ["ignore", log, log],
    });
    if (child.pid === undefined) return spawnProblem(await failureOf(child), program);
    child.unref();
    child.on("error", () => {}); // nothing can be sent to it, so nothing is lost
    // Read before the event loop turns: until then even a process that died at once has its entry.
    return ok(refOf(proc, child.pid));
  } catch (error) {
    return spawnProblem(error, spec.argv[0]);
  } finally {
    closeSync(log);
  }
}

async function failureOf(child: ChildProcess): Promise<unknown> {
  const [error] = await once(child, "error").catch((thrown: unknown) => [thrown]);
  return error;
}

/** Why a program could not be started. Arguments are left out: only the program's name is safe to show. */
export function spawnProblem(error: unknown, program: string): Result<never> {
  const code = errorCode(error);
  if (code === null) throw error;
  if (code === "ENOENT") {
    return problem(
      "missing",
      `there is no program ${program}`,
      "install it, or correct the command (PATH is the controller's)",
      program,
    );
  }
  if (code === "EACCES")
    return problem(
      "failed",
      `${program} may not be executed`,
      `make it executable: chmod +x ${program}`,
      program,
    );
  return problem("failed", `${program} could not be started: ${code}`, "look at the system's log", program);
}

async function find(proc: string, name: string, value: string): Promise<readonly ProcessRef[]> {
  if (!existsSync(`${proc}/self/stat`)) throw new Error(ONLY_LINUX); // an empty answer would be a lie
  const wanted = `\0${name}=${value}\0`;
  const found: ProcessRef[] = [];
  await inParallel(READS_AT_ONCE, await listPids(proc), async (pid) => {
    // The start time is read on both sides: a pid that changed hands in between is not a match.
    const before = readStat(proc, pid);
    if (before === null || isGone(before)) return;
    const environ = await readEnviron(proc, pid);
    if (!environ?.includes(wanted)) return;
    if (readStat(proc, pid)?.startTime === before.startTime) found.push({ pid, startTime: before.startTime });
  });
  return found.sort((a, b) => Number(a.startTime) - Number(b.startTime) || a.pid - b.pid);
}

function valueIn(environ: string, name: string): string | null {
  const at = environ.indexOf(`\0${name}=`);
  if (at < 0) return null;
  const from = at + name.length + 2;
  return environ.slice(from, environ.indexOf("\0", from));
}

function send(proc: string, ref: ProcessRef, name: "SIGTERM" | "SIGKILL"): boolean {
  const leads = readStat(proc, ref.pid)?.group === ref.pid;
  try {
    process.kill(leads ? -ref.pid : ref.pid, name);
    return true;
  } catch (error) {
    // EPERM: it took another user's rights. Whoever waits for its end sees that it stays.
    if (errorCode(error) === "ESRCH" || errorCode(error) === "EPERM") return false;
    throw error;
  }
}

function refOf(proc: string, pid: number): ProcessRef {
  return { pid, startTime: readStat(proc, pid)?.startTime ?? "unknown" };
}

/**
 * Below the range from which the system gives ports to outgoing connections: there one that is free now may be
 * taken before the program that is to have it has started. Any free port where there is no room below.
 */
async function freePort(proc: string): Promise<number> {
  const lowest = Number(readText(`${proc}/sys/net/ipv4/ip_local_port_range`).split(/\s/)[0]);
  for (let attempt = 1; lowest > 2 * PORTS && attempt <= PORT_TRIES; attempt++) {
    const port = await bindable(randomInt(lowest - PORTS, lowest));
    if (port !== null) return port;
  }
  const any = await bindable(0);
  if (any === null) throw new Error("the system has no free port on 127.0.0.1");
  return any;
}

/** The port itself, or the one the system chose for 0; null when it is taken. */
async function bindable(port: number): Promise<number | null> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    if (errorCode(error) === "EADDRINUSE" || errorCode(error) === "EACCES") return null;
    throw error;
  }
  const address = server.address();
  server.close();
  await once(server, "close");
  return address === null || typeof address === "string" ? null : address.port;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // not Linux, or hidden by a sandbox
  }
}
