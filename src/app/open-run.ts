// The run that holds an environment's lock.
import type { RunState } from "../core/run.ts";
import { envState } from "../core/state.ts";
import type { App } from "./app.ts";

/** Null when the lock is free. */
export function openRun(app: App, env: string): RunState | null {
  const state = app.deps.ledger.state();
  const id = envState(state, env).run;
  return id === null ? null : (state.runs[id] ?? null);
}
