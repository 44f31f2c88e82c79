// What all beds have: a folder of their own, daemons in it, and an end.
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ownEnv } from "../../scripts/parts/run.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { ProcessRef } from "../../src/ports/processes.ts";

/**
 * When to end a bed: after the test that made it (the default). For one that is made in `beforeAll`, collect the ends
 * with `laterOn()` and run them in `afterAll`.
 */
export type Later = (end: () => Promise<void>) => void;

export const afterTest: Later = (end) => onTestFinished(end);

/** Ends for `afterAll`: `const { later, end } = laterOn(); beforeAll(async () => { bed = await redisBed({}, later) }); afterAll(end);` */
export function laterOn(): { readonly later: Later; readonly end: () => Promise<void> } {
  const ends: (() => Promise<void>)[] = [];
  return {
    later: (end) => ends.push(end),
    end: async () => {
      for (const end of ends.splice(0).toReversed()) await end();
    },
  };
}

const processes = localProcesses();
const readyMs = 30_000;
const stopMs = 10_000;

/** 0700 unless `mode` says otherwise; gone at the end. */
export async function bedFolder(name: string, later: Later, mode = 0o700): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `lastgood-${name}-`));
  await chmod(folder, mode);
  later(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

type Signal = "SIGINT" | "SIGTERM" | "SIGKILL";

export type Daemon = {
  readonly process: ProcessRef;
  readonly alive: () => boolean;
  /** Asks it to end, kills it where that does not help, and waits for the end. Nothing happens where it is gone. */
  readonly stop: (signal?: Signal) => Promise<void>;
};

export type DaemonSpec = {
  readonly argv: readonly [string, ...string[]];
  readonly folder: string;
  /** Becomes true when it can be used. */
  readonly ready: () => Promise<boolean>;
  readonly env?: Readonly<Record<string, string>>;
  /** What asks it to end, SIGTERM without it. */
  readonly stopSignal?: "SIGINT" | "SIGTERM";
};

/** A program that stays in the foreground. Throws with the end of its log where it does not come up. */
export async function startDaemon(spec: DaemonSpec, later: Later): Promise<Daemon> {
  const { argv, folder, ready, env, stopSignal = "SIGTERM" } = spec;
  const logFile = join(folder, "daemon.log");
  const begun = await processes.start({ argv, cwd: folder, env: { ...ownEnv(), ...env }, logFile });
  if (!begun.ok) throw new Error(begun.error.what);
  const ref = begun.value;
  const daemon: Daemon = {
    process: ref,
    alive: () => processes.alive(ref),
    stop: (signal = stopSignal) => stop(ref, signal),
  };
  later(() => daemon.stop());
  const until = Date.now() + readyMs;
  while (!(await ready())) {
    if (!daemon.alive() || Date.now() > until)
      throw new Error(`${argv[0]} did not come up: ${(await readFile(logFile, "utf8")).slice(-2_000)}`);
    await pause();
  }
  return daemon;
}

async function stop(ref: ProcessRef, signal: Signal): Promise<void> {
  if (processes.alive(ref)) process.kill(ref.pid, signal);
  const until = Date.now() + stopMs;
  while (processes.alive(ref)) {
    if (Date.now() > until) processes.signal(ref, "SIGKILL");
    await pause();
  }
}

/** Does anybody listen there? */
export async function listens(port: number, host = "127.0.0.1"): Promise<boolean> {
  const socket = connect({ port, host });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export async function freePort(): Promise<number> {
  return await processes.freePort();
}

export function pause(ms = 20): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
