// What became of an effect: end what still works on it, then ask the target until it can tell.
import type { Json } from "../core/json.ts";
import { limits } from "../core/limits.ts";
import type { Result } from "../core/result.ts";
import { ok } from "../core/result.ts";
import type { RunState } from "../core/run.ts";
import type { Verdict } from "../ports/step.ts";
import { withDeadline } from "./deadline.ts";
import type { EngineDeps } from "./deps.ts";
import { context, type Doing } from "./doing.ts";

/**
 * After a clean answer the probe comes first: where the effect is there, nothing needs to be ended now. In all other
 * cases reap first, because a probe that races a child of ours can say "absent" a moment before the effect lands.
 */
export async function settledVerdict(doing: Doing, before: Json, answeredOk: boolean): Promise<Verdict> {
  if (answeredOk) {
    const verdict = await certainVerdict(doing, before);
    if (verdict.is === "applied") return verdict;
  }
  await doing.deps.world(doing.run.plan.env).children.reap(doing.op);
  const verdict = await certainVerdict(doing, before);
  if (verdict.is !== "partial" || doing.kind.class === "once") return verdict;
  const what = `clean up after "${doing.step.title}"`;
  await withDeadline(doing.deps.clock, doing.kind.limitMs(doing.step.input), what, (signal) =>
    doing.kind.repair(context(doing, signal, before), doing.step.input),
  );
  return certainVerdict(doing, before);
}

/** Before a run ends or pauses: nothing that its steps started is left (invariant 6). */
export async function reapRun(deps: EngineDeps, run: RunState): Promise<void> {
  const { children } = deps.world(run.plan.env);
  for (const step of [...Object.values(run.do), ...Object.values(run.undo)]) {
    if (step.op !== "") await children.reap(step.op);
  }
}

/** `unknown` is asked again until the doubt budget is used up. */
async function certainVerdict(doing: Doing, before: Json): Promise<Verdict> {
  const { clock } = doing.deps;
  const begun = clock.elapsed();
  for (;;) {
    const verdict = await probe(doing, before);
    if (verdict.is !== "unknown" || clock.elapsed() - begun >= limits.probeDoubtMs) return verdict;
    await clock.sleep(limits.retryPauseMs);
  }
}

async function probe(doing: Doing, before: Json): Promise<Verdict> {
  const { deps, kind, step } = doing;
  const timed = await withDeadline(
    deps.clock,
    limits.probeTimeoutMs,
    `look whether "${step.title}" happened`,
    async (signal): Promise<Result<Verdict>> => {
      return ok(await kind.probe(context(doing, signal, before), step.input));
    },
  );
  return timed.result.ok ? timed.result.value : { is: "unknown", what: timed.result.error.what };
}
