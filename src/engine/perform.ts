// One step of a run: intended, done, probed, and only then called done.

import { opId } from "../core/digest.ts";
import type { NewEvent } from "../core/event.ts";
import type { Json } from "../core/json.ts";
import { limits } from "../core/limits.ts";
import type { PlanStep, UndoStep } from "../core/plan/plan.ts";
import type { Problem } from "../core/result.ts";
import type { RunState, StepState } from "../core/run.ts";
import type { Verdict } from "../ports/step.ts";
import { withDeadline } from "./deadline.ts";
import type { EngineDeps } from "./deps.ts";
import { context, type Doing } from "./doing.ts";
import { settledVerdict } from "./settle.ts";

/** What one step came to. */
export type StepOutcome = "verified" | Failure;

/** `failed`: the world did not obey. `stuck`: only a person can tell. The event is written by whoever decides what follows. */
export type Failure = {
  readonly as: "failed" | "stuck";
  readonly problem: Problem;
  readonly event: NewEvent;
};

export async function perform(
  deps: EngineDeps,
  run: RunState,
  step: PlanStep | UndoStep,
): Promise<StepOutcome> {
  const former = run[run.direction][step.key];
  const kind = deps.stepKind(step.kind);
  const op = opId(run.run, run.direction, step.key);
  const doing = { deps, run, step, kind, op, attempt: former?.attempt ?? 0 };
  if (kind.class === "read") return look(doing);
  // An intent without an outcome: the controller died in between. The target says what became of it.
  if (former?.status === "intended") return recovered(doing, former);
  return act(doing);
}

async function look(doing: Doing): Promise<StepOutcome> {
  const { deps, kind, step } = doing;
  const cancel = watchCancel(doing);
  const timed = await withDeadline(deps.clock, kind.limitMs(step.input), step.title, (signal) =>
    kind.run(context(doing, either(signal, cancel.signal), null), step.input),
  );
  cancel.stop();
  if (timed.result.ok) return verified(doing, timed.result.value, timed.ms, false);
  return failed(doing, timed.result.error, timed.ms);
}

async function act(doing: Doing): Promise<StepOutcome> {
  const { deps, kind, step } = doing;
  const attempt = doing.attempt + 1;
  const now = { ...doing, attempt };
  const limitMs = kind.limitMs(step.input);
  const looked = await withDeadline(deps.clock, limitMs, step.title, (signal) =>
    kind.before(context(now, signal, null), step.input),
  );
  if (!looked.result.ok) return failed(now, looked.result.error, looked.ms);
  const before = looked.result.value;
  deps.ledger.record([{ type: "step.intended", data: { ...ref(now), op: now.op, before } }]);
  const timed = await withDeadline(deps.clock, limitMs, step.title, (signal) =>
    kind.run(context(now, signal, before), step.input),
  );
  const verdict = await settledVerdict(now, before, timed.result.ok);
  const problem = timed.result.ok ? noEffect(now) : timed.result.error;
  return judge(now, verdict, { problem, ms: timed.ms, recovered: false, answeredOk: timed.result.ok });
}

async function recovered(doing: Doing, former: StepState): Promise<StepOutcome> {
  const verdict = await settledVerdict(doing, former.before, false);
  return judge(doing, verdict, { problem: noEffect(doing), ms: 0, recovered: true, answeredOk: false });
}

type Circumstances = {
  readonly problem: Problem;
  readonly ms: number;
  readonly recovered: boolean;
  /** The effect was reported done: what is absent now was there, and went. */
  readonly answeredOk: boolean;
};

/** The table of reliability rule R3. Exit codes and answers only explain; the verdict decides. */
async function judge(
  doing: Doing,
  verdict: Verdict,
  { problem, ms, recovered, answeredOk }: Circumstances,
): Promise<StepOutcome> {
  switch (verdict.is) {
    case "applied":
      return verified(doing, verdict.evidence, ms, recovered);
    case "absent":
      if (verdict.what && answeredOk) return failed(doing, hopeless(verdict.what), ms);
      // Safe for `once` too: its commit is one atomic act with a marker, so absent means never happened.
      if (!recovered && !retryable.includes(problem.code)) return failed(doing, problem, ms);
      if (doing.attempt >= mostAttempts(doing.run) || calledOff(doing.run)) return failed(doing, problem, ms);
      await doing.deps.clock.sleep(recovered ? 0 : limits.retryPauseMs);
      return act(doing);
    case "partial":
      return failed(doing, { code: "failed", what: verdict.what, next: "Look at the target." }, ms);
    case "foreign":
      return stuck(doing, verdict.what, "somebody else changed the target", ms);
    case "unknown":
      return stuck(doing, verdict.what, "the target does not tell whether it happened", ms);
  }
}

/** A cancelled run begins nothing again on its way forth; on its way back it must. */
function calledOff(run: RunState): boolean {
  return run.cancelled && run.direction === "do" && !run.pastReturn;
}

const retryable: readonly Problem["code"][] = ["failed", "unreachable", "timeout", "busy"];

function mostAttempts(run: RunState): number {
  return run.direction === "do" && !run.pastReturn ? limits.stepAttempts : limits.stepAttemptsBack;
}

/** The target itself says that trying again will not help. */
function hopeless(what: string): Problem {
  return { code: "unhealthy", what, next: "Mend the release and deploy it again; its log is kept." };
}

function noEffect(doing: Doing): Problem {
  return {
    code: "failed",
    what: `${doing.step.title}: it was reported done, but the target shows no effect`,
    next: "Look at the target.",
  };
}

function verified(doing: Doing, evidence: Json, ms: number, recovered: boolean): StepOutcome {
  doing.deps.ledger.record([{ type: "step.verified", data: { ...ref(doing), evidence, recovered, ms } }]);
  return "verified";
}

function failed(doing: Doing, problem: Problem, ms: number): StepOutcome {
  return { as: "failed", problem, event: { type: "step.failed", data: { ...ref(doing), problem, ms } } };
}

function stuck(doing: Doing, what: string, why: string, ms: number): StepOutcome {
  const next = `Look at the target, then: lastgood rollback, or lastgood lock break (${why}).`;
  const problem: Problem = { code: "needs-person", what: `${doing.step.title}: ${what}`, next };
  return { as: "stuck", problem, event: { type: "step.failed", data: { ...ref(doing), problem, ms } } };
}

function ref({ run, step, attempt }: Doing) {
  return { run: run.run, key: step.key, kind: step.kind, direction: run.direction, attempt };
}

/** A look may be cut short by a cancel; an effect never is: it is left to finish, then taken back. */
function watchCancel({ deps, run }: Doing): { readonly signal: AbortSignal; stop(): void } {
  const cancel = new AbortController();
  const stop = deps.ledger.listen((event) => {
    const asked = event.type === "run.cancel-requested" && event.data.run === run.run;
    if (asked && run.direction === "do" && !run.pastReturn) cancel.abort();
  });
  return { signal: cancel.signal, stop };
}

function either(one: AbortSignal, other: AbortSignal): AbortSignal {
  return AbortSignal.any([one, other]);
}
