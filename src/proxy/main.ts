// The proxy process: `node main.ts --config <json file>`. Keeps serving whatever happens to the controller.
import { readFileSync } from "node:fs";
import { z } from "zod";
import { StartFailure, type StartFailureCode, startProxy } from "./proxy.ts";
import { sayTo } from "./say.ts";
import { settings } from "./settings.ts";

/** Exit codes, one for each reason not to start. The same code stands in the last line of the log. */
const exits: Readonly<Record<StartFailureCode, number>> = {
  failed: 1,
  config: 2,
  "port-in-use": 10,
  busy: 11,
  damaged: 12,
};

const clock = { now: () => Date.now(), elapsed: () => performance.now() };
const say = sayTo(2, clock.now);

function readSettings(argv: readonly string[]) {
  const [flag, path] = argv;
  if (flag !== "--config" || path === undefined)
    throw new StartFailure("config", "usage: main.ts --config <file>");
  try {
    return settings.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new StartFailure("config", `${path}: ${what}`);
  }
}

async function main(): Promise<void> {
  process.umask(0o077);
  const read = readSettings(process.argv.slice(2));
  let stopping = false;
  const proxy = await startProxy(read, { clock, pid: process.pid, say, onStop: (op) => stop(`op ${op}`) });

  function stop(why: string): void {
    if (stopping) return;
    stopping = true;
    say("stopping", { why });
    proxy.stop().then(
      () => {
        say("stopped");
        process.exit(0);
      },
      (error: Error) => {
        say("exit", { code: "failed", what: error.message });
        process.exit(exits.failed);
      },
    );
  }

  process.on("SIGTERM", () => stop("SIGTERM"));
  process.on("SIGINT", () => stop("SIGINT"));
  process.on("SIGHUP", () => undefined);
  // One broken request must never take the others with it.
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      proxy.counters.uncaught += 1;
      say("uncaught", { what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    });
  }
  say("ready", { host: read.listen.host, port: read.listen.port, pid: process.pid });
}

main().catch((error: Error) => {
  const code = error instanceof StartFailure ? error.code : "failed";
  say("exit", { code, what: error.message });
  process.exit(exits[code]);
});
