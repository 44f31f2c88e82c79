// Executes one run, step by step: intent durable → effect → probe → done. Resuming is the same function.
import type { NewEvent } from "../core/event.ts";
import type { Problem } from "../core/result.ts";
import { atSafePoint, nextStep, type RunState, unsettled } from "../core/run.ts";
import type { EngineDeps } from "./deps.ts";
import { runState } from "./doing.ts";
import { type Failure, perform } from "./perform.ts";
import { reapRun } from "./settle.ts";

/** Take the run to its end, or to a pause. Throws only for bugs and for a stopped journal. */
export async function advance(deps: EngineDeps, id: string): Promise<RunState> {
  const begun = deps.clock.elapsed();
  for (;;) {
    const run = runState(deps, id);
    if (run.status !== "open") return run;
    if (mayBeCancelled(run)) {
      deps.ledger.record([turned(run, cancelled)]);
      continue;
    }
    const step = nextStep(run);
    if (!step) {
      await reapRun(deps, run);
      end(deps, run, Math.round(deps.clock.elapsed() - begun));
      continue;
    }
    const outcome = await perform(deps, run, step);
    if (outcome === "verified") continue;
    await reapRun(deps, runState(deps, id));
    settleFailure(deps, runState(deps, id), step.key, outcome);
  }
}

/** Between steps, on the way forth, and not past the point of no return: then it is finished instead. */
function mayBeCancelled(run: RunState): boolean {
  return (
    run.cancelled && run.direction === "do" && nextStep(run) !== null && !unsettled(run) && !run.pastReturn
  );
}

const cancelled: Problem = {
  code: "cancelled",
  what: "a person cancelled it",
  next: "Nothing to do: it was taken back.",
};

/**
 * A failed step turns the run, a stuck one pauses it at a safe point, and on the way back both pause: then only a
 * person can tell. Failure and consequence are one append: a crash in between must not try the step again.
 */
function settleFailure(
  deps: EngineDeps,
  run: RunState,
  key: string,
  { as, problem: why, event }: Failure,
): void {
  const wantsPause = run.pastReturn || (as === "stuck" && atSafePoint(run)) || pausesOnFailure(run, key);
  // Fenced: a newer controller acts on this target. Going back would be an effect as well.
  if (run.direction === "undo" || wantsPause || why.code === "fenced") {
    deps.ledger.record(
      [event, { type: "run.paused", data: { run: run.run, why, at: key } }],
      [pausedMessage(run, why)],
    );
  } else {
    deps.ledger.record([event, turned(run, why)]);
  }
}

function pausesOnFailure({ plan }: RunState, key: string): boolean {
  return plan.steps.some((step) => step.key === key && step.onFailure === "pause");
}

function turned(run: RunState, why: Problem): NewEvent {
  return { type: "run.turned", data: { run: run.run, why } };
}

function end(deps: EngineDeps, run: RunState, ms: number): void {
  const outcome = run.direction === "do" ? "done" : "undone";
  const event: NewEvent = {
    type: "run.ended",
    data: { run: run.run, outcome, why: run.direction === "undo" ? run.why : null, ms },
  };
  deps.ledger.record([event]);
}

function pausedMessage(run: RunState, why: Problem) {
  return {
    key: `paused-${run.run}`,
    to: run.plan.env,
    subject: `${run.plan.app} ${run.plan.env}: ${run.plan.kind} of ${run.plan.target} waits for a person`,
    text: `${why.what}\n${why.next}`,
  };
}
