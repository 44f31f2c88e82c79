// After a start: every run that a dead controller left open is taken over and brought to its end.
import { opId } from "../core/digest.ts";
import { type RunState, steps } from "../core/run.ts";
import type { EngineDeps } from "./deps.ts";
import { context, runState } from "./doing.ts";
import { advance } from "./run.ts";

/** Whoever opens the journal holds it alone, so the former holder of an open run is dead. Idempotent. */
export async function recover(deps: EngineDeps): Promise<readonly RunState[]> {
  const open = Object.values(deps.ledger.state().runs).filter(
    (run) => run.status === "open" || run.status === "planned",
  );
  const ended: RunState[] = [];
  for (const run of open) ended.push(await takeOver(deps, run));
  return ended;
}

async function takeOver(deps: EngineDeps, run: RunState): Promise<RunState> {
  if (run.status === "planned") return abandon(deps, run);
  const rebooted = run.holder !== null && run.holder.bootId !== deps.clock.bootId();
  deps.ledger.record([{ type: "run.resumed", data: { run: run.run, holder: deps.holder, rebooted } }]);
  if (rebooted) await rewindLost(deps, runState(deps, run.run));
  return advance(deps, run.run);
}

/** Planned but never started: nothing happened yet, and whoever asked is gone. */
function abandon(deps: EngineDeps, run: RunState): RunState {
  const why = { code: "cancelled", what: "the controller stopped before it began", next: "Ask again." };
  deps.ledger.record([{ type: "run.ended", data: { run: run.run, outcome: "abandoned", why, ms: 0 } }]);
  return runState(deps, run.run);
}

/**
 * A reboot takes running things away. A convergent step whose effect is gone is done again, and with it what was
 * built on it. A `once` step never is: its effect lies on disk, and people may have written since. A hold that was
 * let go later is no loss either, so guarded steps are only repeated after a convergent one.
 */
async function rewindLost(deps: EngineDeps, run: RunState): Promise<void> {
  const direction = run.direction;
  const verified = steps(run, direction).filter((step) => run[direction][step.key]?.status === "verified");
  for (const [index, step] of verified.entries()) {
    const state = run[direction][step.key];
    const kind = deps.stepKind(step.kind);
    if (kind.class !== "convergent" || !state) continue;
    const doing = { deps, run, step, kind, attempt: state.attempt, op: opId(run.run, direction, step.key) };
    const verdict = await kind.probe(context(doing, new AbortController().signal, state.before), step.input);
    if (verdict.is === "applied") continue;
    const again = verified.slice(index).filter((one) => deps.stepKind(one.kind).class !== "once");
    const why = `after a reboot: ${"what" in verdict ? verdict.what : "its effect is gone"}`;
    deps.ledger.record([
      { type: "run.rewound", data: { run: run.run, direction, keys: again.map((one) => one.key), why } },
    ]);
    return;
  }
}
