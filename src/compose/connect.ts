// The CLI's way to a controller: the running one over its socket, or one of its own for the length of a command.
import type { Connection, Progress } from "../cli/connection.ts";
import type { Config } from "../config/schema.ts";
import { limits } from "../core/limits.ts";
import { ok } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { ControlLine } from "../http/control.ts";
import { callController, type Lines } from "../os/control-client.ts";
import type { ConnectOptions } from "./in-process.ts";
import { statePaths } from "./paths.ts";

export function connect(config: Config, options: ConnectOptions): Connection {
  const paths = statePaths(config.state);
  return {
    async call(name, input, progress) {
      const remote = await callController(paths.socket, name, input, limits.controllerAnswerMs);
      if (remote.ok) return relay(name, remote.value, progress);
      // Loaded only where no controller answers: with one, a command begins in half the time.
      const { endHolder, hung } = await import("./holder.ts");
      if (remote.error.code === "timeout" && !options.takeOver) return stopped(name, null, await hung(paths));
      const tookOver = options.takeOver ? await endHolder(paths) : ok(null);
      if (!tookOver.ok) return stopped(name, null, tookOver.error);
      const { inProcess } = await import("./in-process.ts");
      return inProcess(config, options, { name, input, progress, tookOver: tookOver.value });
    },
  };
}

async function relay(name: string, lines: Lines, progress: Progress): Promise<Outcome> {
  try {
    for await (const each of lines) {
      const line = each as ControlLine;
      if ("outcome" in line) return line.outcome;
      if ("event" in line) progress.event(line.event);
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
