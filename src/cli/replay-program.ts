// The verb that plays a log.
import type { Command } from "commander";
import { run, type Shared } from "./run.ts";

type Options = {
  readonly inject?: string;
  readonly format?: string;
  readonly tolerate?: string;
  readonly deployAt?: string;
  readonly watch?: string;
  readonly seed: string;
};

export function replayVerb(root: Command, shared: (command: Command) => Shared): void {
  root
    .command("replay")
    .description(
      "Play an access log as if a release had gone out: what would Lastgood have decided, and when? Changes nothing, needs no config.",
    )
    .argument("<log>", "an access log, plain or .gz; - for standard input")
    .option(
      "--inject <share@+time>",
      "make this share of requests fail, from so long after the deploy on: 5%@+600s",
    )
    .option(
      "--deploy-at <time>",
      "when the release goes out: +2h after the first line, or a time; without it, after a tenth of the lines",
    )
    .option(
      "--format <format>",
      "combined, caddy, traefik, traefik-json, or your nginx log_format; without it, it is found out",
    )
    .option("--tolerate <share>", "failures that are allowed, as in lastgood.yml")
    .option("--watch <time>", "how long the release is watched", "30m")
    .option("--seed <number>", "another number, other requests that fail", "1")
    .action(async (file: string, options: Options, command: Command) => {
      const { replayCommand } = await import("./verbs/replay.ts");
      const { inject = null, format = null, tolerate = null, deployAt = null, watch = null } = options;
      const seed = Math.trunc(Number(options.seed)) || 1;
      await run(shared(command), (it) =>
        replayCommand(it, { file, inject, format, tolerate, deployAt, watch, seed }),
      );
    });
}
