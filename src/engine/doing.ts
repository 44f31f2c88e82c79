// One attempt of one step, and the context that its functions are given.
import type { Json } from "../core/json.ts";
import type { PlanStep, UndoStep } from "../core/plan/plan.ts";
import { assert } from "../core/result.ts";
import type { RunState } from "../core/run.ts";
import type { StepContext, StepKind } from "../ports/step.ts";
import type { EngineDeps } from "./deps.ts";

/** One step in one attempt, with all that its functions need. */
export type Doing = {
  readonly deps: EngineDeps;
  readonly run: RunState;
  readonly step: PlanStep | UndoStep;
  readonly kind: StepKind;
  readonly attempt: number;
  readonly op: string;
};

export function context(doing: Doing, signal: AbortSignal, before: Json): StepContext {
  const { deps, run, op } = doing;
  const env = run.plan.env;
  return {
    world: deps.world(env),
    op: { id: op, epoch: deps.ledger.journal.epoch(), signal },
    before,
    release(id) {
      const found = deps.ledger.state().envs[env]?.releases[id];
      assert(found, `no release ${id} in ${env}`);
      return found.release;
    },
    step(key) {
      const state = runState(deps, run.run).do[key];
      return state ? { op: state.op, evidence: state.evidence } : null;
    },
  };
}

export function runState(deps: Pick<EngineDeps, "ledger">, id: string): RunState {
  const run = deps.ledger.state().runs[id];
  assert(run, `no run ${id}`);
  return run;
}
