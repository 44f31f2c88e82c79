// lastgood serve: stays until it is told to stop.
import { stopped } from "../../core/view/outcome.ts";
import type { Shared, Shown } from "../run.ts";

export async function serveCommand(it: Shared): Promise<Shown> {
  const served = await it.edges.serve({
    config: it.config,
    takeOver: it.takeOver,
    say: (line) => it.io.err(`${line}\n`),
  });
  if (!served.ok) return stopped("serve", null, served.error);
  return {
    verb: "serve",
    env: null,
    outcome: "done",
    what: "The controller stopped.",
    means: "What serves goes on serving; nobody watches.",
    next: "lastgood serve",
    problem: null,
    data: {},
  };
}
