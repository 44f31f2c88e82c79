// Runs a command to its end: no shell, bounded time and output, and nothing of it left behind.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Readable } from "node:stream";
import { limits } from "../core/limits.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { Command, Finished, Host } from "../ports/host.ts";
import { errorCode } from "./file-problem.ts";
import { spawnProblem } from "./processes.ts";

/** Time between SIGTERM and SIGKILL for a command that ran out of time. */
const KILL_AFTER_MS = 2_000;
/** Output that was written before the end is read for at most this long. */
const LAST_OUTPUT_MS = 200;

/**
 * This machine. `env` is the whole environment that commands see beside their own (PATH, HOME, LANG, TZ);
 * nothing else is inherited.
 */
export function localHost(env: Readonly<Record<string, string>>, clock: Clock): Host {
  return { name: "local", run: (command, signal) => run(env, clock, command, signal) };
}

async function run(
  env: Readonly<Record<string, string>>,
  clock: Clock,
  command: Command,
  signal: AbortSignal | undefined,
): Promise<Result<Finished>> {
  const [program, ...args] = command.argv;
  if (signal?.aborted)
    return problem(
      "cancelled",
      `${program} was called off before it began`,
      "run it again if it is still needed",
    );
  if (command.cwd !== undefined && !existsSync(command.cwd)) {
    return problem(
      "missing",
      `there is no folder ${command.cwd} to run ${program} in`,
      "check the path",
      command.cwd,
    );
  }
  const began = clock.elapsed();
  const own = command.op === null ? {} : { LASTGOOD_OP: command.op };
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawn(program, args, {
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env: { ...env, ...command.env, ...own },
      detached: true, // leads a group of its own, so that all of it can be ended
      stdio: ["pipe", "pipe", "pipe"],
    });
    if (child.pid === undefined) await once(child, "spawn"); // rejects with the reason
  } catch (error) {
    return spawnProblem(error, program);
  }
  const { rawBytes } = command;
  const stdout = collect(child.stdout, "first", rawBytes);
  const stderr = collect(child.stderr, "last");
  child.stdin.on("error", () => {}); // it may end without reading: its exit code tells
  child.stdin.end(command.stdin ?? "");
  const end = await untilEnd(child, command.timeoutMs, signal);
  return ok({
    ...end,
    stdout: rawBytes === undefined ? stdout.text() : "",
    ...(rawBytes === undefined ? {} : { raw: stdout.bytes() }),
    stderr: stderr.text(),
    truncated: stdout.truncated() || stderr.truncated(),
    durationMs: clock.elapsed() - began,
  });
}

type End = Pick<Finished, "exitCode" | "signal" | "timedOut" | "cancelled">;

async function untilEnd(
  child: ChildProcessWithoutNullStreams,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<End> {
  let timedOut = false;
  let cancelled = false;
  let killer: NodeJS.Timeout | undefined;
  const end = (): void => {
    signalGroup(child, "SIGTERM");
    killer ??= setTimeout(() => signalGroup(child, "SIGKILL"), KILL_AFTER_MS);
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMs);
  const abort = (): void => {
    cancelled = true;
    end();
  };
  signal?.addEventListener("abort", abort, { once: true });
  const closed = once(child, "close");
  const [exitCode, endSignal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  clearTimeout(killer);
  signal?.removeEventListener("abort", abort);
  await lastOutput(child, closed);
  return { exitCode, signal: endSignal, timedOut, cancelled };
}

/** The program has ended; what it started in its group must not go on, nor hold our pipes. */
async function lastOutput(child: ChildProcessWithoutNullStreams, closed: Promise<unknown>): Promise<void> {
  signalGroup(child, "SIGKILL");
  // One that left the group may hold a pipe still: the reaper finds it by its op, we do not wait for it.
  const timer = setTimeout(() => {
    child.stdout.destroy();
    child.stderr.destroy();
  }, LAST_OUTPUT_MS);
  await closed;
  clearTimeout(timer);
}

/** A group that is gone, or that a set-id program made another user's, is not an error: the end of the program tells. */
function signalGroup(child: ChildProcessWithoutNullStreams, name: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if (errorCode(error) !== "ESRCH" && errorCode(error) !== "EPERM") throw error;
  }
}

/** Keeps a bounded part of a stream and goes on reading, so that the program never blocks on a full pipe. */
function collect(
  stream: Readable,
  keep: "first" | "last",
  most: number = limits.childOutputBytes,
): { bytes(): Buffer; text(): string; truncated(): boolean } {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let dropped = false;
  const cut = (): void => {
    const all = Buffer.concat(chunks);
    const kept = keep === "first" ? all.subarray(0, most) : all.subarray(-most);
    dropped ||= kept.length < all.length;
    chunks = [kept];
    bytes = kept.length;
  };
  stream.on("data", (chunk: Buffer) => {
    if (keep === "first" && bytes >= most) {
      dropped = true;
      return;
    }
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > 2 * most) cut();
  });
  const whole = (): Buffer => {
    cut();
    return chunks[0] ?? Buffer.alloc(0);
  };
  return {
    bytes: whole,
    text: () => whole().toString("utf8"),
    truncated: () => dropped,
  };
}
