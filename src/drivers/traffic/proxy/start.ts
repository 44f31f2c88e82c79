// Starting the embedded proxy: never two, and a clear word when it does not come up.
import { dirname } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Files } from "../../../ports/files.ts";
import type { Processes, ProcessRef } from "../../../ports/processes.ts";
import type { ProxyControl } from "./control.ts";
import { type ProxyPaths, type ProxyTrafficConfig, settingsText } from "./files.ts";
import { startProblem } from "./last-words.ts";

/** From the start of the process to its first answer. */
const startLimitMs = 15_000;
const startPollMs = 25;
const logTailBytes = 16 * 1024;
/** A larger log of former proxies is dropped before a new one starts. */
const logBytes = 4 * 1024 * 1024;
/** A proxy that somebody else ends while we wait for it is started anew, this often. */
const starts = 3;

/** What marks its process: `LASTGOOD_PROXY=<state folder>` in its environment. */
export const proxyMark = "LASTGOOD_PROXY";

export type StartDeps = {
  readonly files: Files;
  readonly processes: Processes;
  readonly clock: Clock;
  /** Absolute path of the node binary. */
  readonly node: string;
  /** Absolute path of the proxy's entry file. */
  readonly proxyMain: string;
  readonly baseEnv: Readonly<Record<string, string>>;
};

export type Starting = {
  readonly config: ProxyTrafficConfig;
  readonly paths: ProxyPaths;
  readonly control: ProxyControl;
  readonly deps: StartDeps;
};

export async function ensureProxy(starting: Starting): Promise<Result<void>> {
  for (let attempt = 0; attempt < starts; attempt += 1) {
    const outcome = await ensureOnce(starting);
    if (outcome !== "ended") return outcome;
  }
  const what = `the proxy was ended ${starts} times while it was waited for`;
  return problem("busy", what, "find out who ends it, then try again", starting.paths.log);
}

/** `ended`: the process that was waited for is gone, through no fault of a start of ours. */
async function ensureOnce(starting: Starting): Promise<Result<void> | "ended"> {
  const { config, deps } = starting;
  const [first] = await deps.processes.find(proxyMark, config.stateDir);
  if (first) return awaitAnswer(starting, first);
  const started = await start(starting);
  if (!started.ok) return started;
  const answer = await awaitAnswer(starting, started.value.process);
  if (answer !== "ended") return answer;
  // Two controllers may start one at the same time: the second finds the port taken, and all is well.
  const others = await deps.processes.find(proxyMark, config.stateDir);
  return others.length > 0 ? "ended" : whyItDied(starting, started.value.logFrom);
}

/** `logFrom`: where this start begins in the log. */
type Started = { readonly process: ProcessRef; readonly logFrom: number };

async function start({ config, paths, deps }: Starting): Promise<Result<Started>> {
  const { files, processes, node, proxyMain, baseEnv } = deps;
  const written = await files.replace(paths.settings, settingsText(config, paths.socket), 0o600);
  if (!written.ok) return written;
  const log = await files.stat(paths.log);
  if (!log.ok) return log;
  const size = log.value?.size ?? 0;
  const removed = size > logBytes ? await files.remove(paths.log) : ok(undefined);
  if (!removed.ok) return removed;
  const process = await processes.start({
    argv: [node, proxyMain, "--config", paths.settings],
    cwd: dirname(paths.settings),
    env: { ...baseEnv, [proxyMark]: config.stateDir },
    logFile: paths.log,
  });
  return process.ok ? ok({ process: process.value, logFrom: size > logBytes ? 0 : size }) : process;
}

async function awaitAnswer(starting: Starting, process: ProcessRef): Promise<Result<void> | "ended"> {
  const { config, paths, control, deps } = starting;
  const until = deps.clock.elapsed() + startLimitMs;
  for (;;) {
    const stats = await control.stats();
    if (stats.ok && !stats.value.stopping) return sameListen(config, stats.value.listen, paths);
    if (!deps.processes.alive(process)) return "ended";
    if (deps.clock.elapsed() >= until) {
      const what = `the proxy (pid ${process.pid}) did not answer within ${startLimitMs / 1_000} s`;
      return problem("timeout", what, `look into ${paths.log}; end the process if it hangs, then try again`);
    }
    await deps.clock.sleep(startPollMs);
  }
}

function sameListen(
  config: ProxyTrafficConfig,
  listen: { readonly host: string; readonly port: number },
  paths: ProxyPaths,
): Result<void> {
  const { host, port } = config.listen;
  if (listen.host === host && listen.port === port) return ok(undefined);
  return problem(
    "busy",
    `the running proxy listens on ${listen.host}:${listen.port}, but the config says ${host}:${port}`,
    "stop the running proxy so that it is started with the new address, or set the old address again",
    paths.settings,
  );
}

async function whyItDied({ paths, deps }: Starting, logFrom: number): Promise<Result<void>> {
  return startProblem(await logTail(paths.log, logFrom, deps.files), paths.log);
}

async function logTail(path: string, from: number, files: Files): Promise<string> {
  const stat = await files.stat(path);
  const size = stat.ok ? (stat.value?.size ?? 0) : 0;
  const offset = Math.max(from, size - logTailBytes);
  const bytes = await files.read(path, { offset, length: Math.max(0, size - offset) });
  return bytes.ok ? bytes.value.toString("utf8") : "";
}
