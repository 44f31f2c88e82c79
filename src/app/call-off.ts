// Runs that give way: one is told to go back, and waited for.
import type { RunState } from "../core/run.ts";
import type { App } from "./app.ts";
import { openRun } from "./open-run.ts";

const pollMs = 20;

/**
 * Housekeeping gives way to whatever a person or a watch wants to do: stopping what no longer serves can be done at any
 * time. What it began is finished (a stop), what it waits for is not (requests that end by themselves).
 */
export async function giveWay(app: App, env: string, by: string): Promise<void> {
  if (openRun(app, env)?.plan.kind === "retire") await callOff(app, env, by);
}

/** A run that is still under way is told to go back, and waited for. Null where there was none. */
export async function callOff(app: App, env: string, by: string): Promise<RunState | null> {
  const open = openRun(app, env);
  if (open?.status !== "open") return null;
  app.deps.ledger.record([{ type: "run.cancel-requested", data: { run: open.run, by } }]);
  while (openRun(app, env)?.status === "open") await app.deps.clock.sleep(pollMs);
  return app.deps.ledger.state().runs[open.run] ?? null;
}
