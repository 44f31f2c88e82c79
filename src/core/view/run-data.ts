// A run and a plan as stable JSON for `--json` and the API.
import type { JsonObject } from "../json.ts";
import type { Plan } from "../plan/plan.ts";
import { type RunState, steps } from "../run.ts";

export function planData(plan: Plan): JsonObject {
  return {
    kind: plan.kind,
    env: plan.env,
    target: plan.target,
    from: plan.from,
    why: plan.why,
    downtime: !plan.promisesNoDowntime,
    notes: [...plan.notes],
    steps: plan.steps.map((step) => ({ key: step.key, kind: step.kind, title: step.title })),
    wayBack: plan.undo.map((step) => ({ key: step.key, kind: step.kind, title: step.title })),
  };
}

export function runData(run: RunState): JsonObject {
  return {
    run: run.run,
    kind: run.plan.kind,
    target: run.plan.target,
    from: run.plan.from,
    status: run.status,
    outcome: run.outcome,
    why: run.why ? run.why.what : null,
    steps: [...stepRows(run, "do"), ...stepRows(run, "undo")],
  };
}

function stepRows(run: RunState, direction: "do" | "undo"): JsonObject[] {
  return steps(run, direction)
    .filter((step) => run[direction][step.key])
    .map((step) => {
      const state = run[direction][step.key];
      return {
        key: step.key,
        title: step.title,
        direction,
        status: state?.status ?? "open",
        ms: state?.ms ?? 0,
      };
    });
}
