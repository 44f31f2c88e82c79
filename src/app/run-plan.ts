// From a plan to an ended run: the lock, the durable plan, the engine.

import { sha256 } from "../core/digest.ts";
import type { NewEvent } from "../core/event.ts";
import { guardLock } from "../core/guard/guards.ts";
import { canonical } from "../core/json.ts";
import type { Plan } from "../core/plan/plan.ts";
import { err, ok, type Problem, type Result } from "../core/result.ts";
import type { RunState } from "../core/run.ts";
import { advance } from "../engine/run.ts";
import type { Message } from "../ports/journal.ts";
import type { App } from "./app.ts";
import { giveWay } from "./call-off.ts";
import { openRun } from "./open-run.ts";

export type Asked = {
  readonly by: string;
  /** Ways back may supersede a paused run. */
  readonly goingBack: boolean;
  /** Facts that belong to the same moment as the plan: decision, quarantine. */
  readonly with?: readonly NewEvent[];
  readonly messages?: readonly Message[];
};

/** What approval is bound to: the same plan, the same hash. */
export function planHash(plan: Plan): string {
  return sha256(canonical(plan)).slice(0, 16);
}

export async function runPlan(app: App, plan: Plan, asked: Asked): Promise<Result<RunState>> {
  await giveWay(app, plan.env, asked.by);
  const blocking = openRun(app, plan.env);
  const refused = guardLock(blocking, asked.goingBack);
  if (refused) return err(refused);
  if (!asked.goingBack && app.deps.ledger.journal.diskFull()) return err(full);
  const run = app.ids.fresh("run");
  const superseded: NewEvent[] = blocking?.status === "paused" ? [abandoned(blocking, run)] : [];
  app.deps.ledger.record(
    [
      ...(asked.with ?? []),
      ...superseded,
      { type: "run.planned", data: { run, plan, hash: planHash(plan), by: asked.by } },
      { type: "run.started", data: { run, holder: app.deps.holder } },
    ],
    asked.messages,
  );
  return ok(await advance(app.deps, run));
}

/** What is kept aside for a full disk is for the way back. */
const full: Problem = {
  code: "no-space",
  what: "the disk of the state folder is full; only what was kept aside is left",
  next: "Free some space, then say it again. A rollback works all the same.",
};

function abandoned(run: RunState, by: string): NewEvent {
  const why = { code: "cancelled", what: `superseded by ${by}`, next: "Nothing to do." };
  return { type: "run.ended", data: { run: run.run, outcome: "abandoned", why, ms: 0 } };
}
