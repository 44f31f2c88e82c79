// The CLI's way to a controller: the running one over its socket, or one of its own for the length of a command.
import { dirname, resolve } from "node:path";
import type { CallName } from "../app/calls.ts";
import type { Connection, Progress } from "../cli/connection.ts";
import type { Config } from "../config/schema.ts";
import { stateFolder } from "../config/state-folder.ts";
import { limits } from "../core/limits.ts";
import { err, ok, type Result } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { ControlLine } from "../http/control.ts";
import { callController, type Lines } from "../os/control-client.ts";
import { localFiles } from "../os/files.ts";
import type { ConnectOptions } from "./in-process.ts";
import { type StatePaths, statePaths } from "./paths.ts";

type Call = Connection["call"];

/**
 * A controller that answers has read the config. Then nothing but the way to its socket is taken from it here: a command
 * begins in half the time, and a mistake that was made in it meanwhile stops nobody from going back.
 */
export async function connect(file: string, options: ConnectOptions): Promise<Result<Connection>> {
  const paths = options.takeOver ? null : await quickly(file);
  if (paths === null) return wholly(file, options);
  const call: Call = async (name, input, progress) => {
    const remote = await callController(paths.socket, name, input, limits.controllerAnswerMs);
    if (remote.ok) return relay(name, remote.value, progress);
    if (remote.error.code === "timeout") return stuck(name, paths);
    const whole = await wholly(file, options);
    return whole.ok ? whole.value.call(name, input, progress) : stopped(name, null, whole.error);
  };
  return ok({ call });
}

/** Where a controller may listen, as far as the config's text alone tells it; null where it does not, or nobody does. */
async function quickly(file: string): Promise<StatePaths | null> {
  const files = localFiles();
  const text = await files.read(file);
  const folder = text.ok ? stateFolder(text.value.toString("utf8"), dirname(resolve(file))) : null;
  if (folder === null) return null;
  const paths = statePaths(folder);
  const socket = await files.stat(paths.socket);
  return socket.ok && socket.value !== null ? paths : null;
}

async function wholly(file: string, options: ConnectOptions): Promise<Result<Connection>> {
  const { readConfig } = await import("./load.ts");
  const config = await readConfig(file);
  return config.ok ? ok({ call: calls(config.value, options) }) : err(config.error);
}

function calls(config: Config, options: ConnectOptions): Call {
  const paths = statePaths(config.state);
  return async (name, input, progress) => {
    const remote = await callController(paths.socket, name, input, limits.controllerAnswerMs);
    if (remote.ok) return relay(name, remote.value, progress);
    if (remote.error.code === "timeout" && !options.takeOver) return stuck(name, paths);
    // Loaded only where no controller answers: with one, a command begins in half the time.
    const { endHolder } = await import("./holder.ts");
    const tookOver = options.takeOver ? await endHolder(paths) : ok(null);
    if (!tookOver.ok) return stopped(name, null, tookOver.error);
    const { inProcess } = await import("./in-process.ts");
    return inProcess(config, options, { name, input, progress, tookOver: tookOver.value });
  };
}

async function stuck(name: CallName, paths: StatePaths): Promise<Outcome> {
  const { hung } = await import("./holder.ts");
  return stopped(name, null, await hung(paths));
}

async function relay(name: string, lines: Lines, progress: Progress): Promise<Outcome> {
  try {
    for await (const each of lines) {
      const line = each as ControlLine;
      if ("outcome" in line) return line.outcome;
      if ("event" in line) progress.event(line.event);
      else if ("progressed" in line) progress.progressed?.(line.progressed);
      else progress.durations(line.durations);
    }
  } catch {
    // A broken stream and a short one mean the same: told below.
  }
  const what = "the controller ended in the middle of this command";
  return stopped(name, null, {
    code: "failed",
    what,
    next: "Say it again: what was begun is taken up where it was left. lastgood status shows it.",
  });
}
