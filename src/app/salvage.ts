// lastgood salvage: rows that a restore took away are shown, and those that a person picks come back.

import type { Event } from "../core/event.ts";
import type { JsonObject } from "../core/json.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { comesBack, type Findings, isConflict, type Pick, rowsWith } from "../core/salvage/verdict.ts";
import { findingLines, findingTotal } from "../core/salvage/words.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { Kept, Replayed, Salvage } from "../ports/salvage.ts";
import { type App, looseOp } from "./app.ts";
import { type Desk, deskOf, said } from "./find-backup.ts";
import { openRun } from "./open-run.ts";

export type SalvageInput = Pick & {
  readonly env: string;
  /** `before-<op>`; null: what the newest restore replaced. */
  readonly kept: string | null;
  /** Show only. */
  readonly planOnly: boolean;
  readonly approved: boolean;
  readonly by: string;
};

const verb = "salvage";
const page = 1_000;

type Going = {
  readonly app: App;
  readonly input: SalvageInput;
  readonly salvage: Salvage;
  readonly kept: Kept;
};

export async function salvage(app: App, input: SalvageInput): Promise<Outcome> {
  const { env } = input;
  const desk = deskOf(app, env);
  if (!desk.ok) return stopped(verb, env, desk.error);
  const { salvage: driver } = desk.value.desk;
  if (!driver) return stopped(verb, env, noSalvage);
  const kept = await keptOf(app, desk.value, input.kept);
  if (!kept.ok) return stopped(verb, env, kept.error);
  const going = { app, input, salvage: driver, kept: kept.value };
  if (input.planOnly || !input.approved) return show(going);
  const run = openRun(app, env);
  if (run) {
    const what = `${run.plan.kind} of ${run.plan.target} holds ${env}`;
    return stopped(verb, env, { code: "busy", what, next: "Wait for it, or see lastgood lock show." });
  }
  return bring(going);
}

const noSalvage = {
  code: "config",
  what: "rows cannot be brought along for this kind of database",
  next: "What a restore replaced is kept: look at it by hand.",
} as const;

async function keptOf(app: App, { database }: Desk, wanted: string | null): Promise<Result<Kept>> {
  const marker = wanted === null ? await database.marker() : ok(null);
  if (!marker.ok) return marker;
  if (wanted === null && marker.value === null)
    return problem("missing", "no restore was made here that took rows away", "lastgood backup list");
  const id = wanted ?? `before-${marker.value}`;
  return ok({ id, from: restoredFrom(app, id.replace(/^before-/, "")) });
}

/** The backup that this op put in place, from the journal's own facts, the newest first. */
function restoredFrom(app: App, op: string): string | null {
  const { journal } = app.deps.ledger;
  let run: string | null = null;
  for (let end = journal.head(); end > 0; end -= page) {
    const events = journal.read(Math.max(0, end - page), Math.min(page, end));
    for (const event of events.toReversed()) {
      if (run === null && isRestore(event, op)) run = event.data.run;
      if (run !== null && event.type === "run.planned" && event.data.run === run)
        return backupIn(event.data.plan.steps);
    }
  }
  return null;
}

function isRestore(event: Event, op: string): event is Event & { readonly type: "step.intended" } {
  return event.type === "step.intended" && event.data.op === op;
}

function backupIn(steps: readonly { readonly kind: string; readonly input: unknown }[]): string | null {
  const step = steps.find(({ kind }) => kind === "database.restore");
  const { backup } = (step?.input ?? {}) as { readonly backup?: unknown };
  return typeof backup === "string" ? backup : null;
}

async function show({ app, input, salvage: driver, kept }: Going): Promise<Outcome> {
  const found = await driver.look(kept, pickOf(input), app.stopping);
  if (!found.ok) return stopped(verb, input.env, found.error);
  const back = rowsWith(found.value, comesBack);
  const data = findingData(kept, found.value);
  const what = `${findingTotal(found.value)} from ${kept.id}.`;
  const rest = { what, means: "Nothing was changed.", data };
  if (back === 0) return said(verb, input.env, { ...rest, outcome: "unchanged", next: "" });
  const next = "Say --yes to bring them back; --table and --only pick some of them.";
  return said(verb, input.env, { ...rest, outcome: input.planOnly ? "planned" : "waits", next });
}

async function bring({ app, input, salvage: driver, kept }: Going): Promise<Outcome> {
  const { env, by } = input;
  const { ledger, clock } = app.deps;
  const op = looseOp(app, "salvage");
  const began = clock.elapsed();
  ledger.record([{ type: "salvage.begun", data: { env, kept: kept.id, op: op.id, by } }]);
  const done = await settled(driver, await driver.replay(op, kept, pickOf(input)), op.id);
  const ms = Math.round(clock.elapsed() - began);
  const count = (wanted: (verdict: string) => boolean) => (done.ok ? rowsWith(done.value, wanted) : 0);
  const rows = count(comesBack);
  const stay = count(isConflict);
  const trouble = done.ok ? null : { code: done.error.code, what: done.error.what, next: done.error.next };
  ledger.record([
    {
      type: "salvage.ended",
      data: { env, kept: kept.id, op: op.id, rows, conflicts: stay, problem: trouble, ms },
    },
  ]);
  if (!done.ok) return stopped(verb, env, done.error);
  const parked =
    done.value.parked > 0 ? ` ${done.value.parked} without a home were parked in the schema lastgood.` : "";
  return said(verb, env, {
    outcome: "done",
    what: `${rows} rows of ${kept.id} are back, in ${ms} ms.`,
    means: `${stay === 0 ? "None was left behind." : `${stay} could not come and stay in ${kept.id}.`}${parked}`,
    next:
      stay === 0
        ? ""
        : "Look at what stays by its keys; --overwrite takes the kept rows where both were changed.",
    data: {
      ...findingData(kept, done.value),
      rows,
      parked: done.value.parked,
      sequences: done.value.sequences,
      ms,
    },
  });
}

/** The answer to a commit can be lost with the connection: the live database knows. */
async function settled(driver: Salvage, done: Result<Replayed>, op: string): Promise<Result<Replayed>> {
  if (done.ok || done.error.code !== "unreachable") return done;
  const there = await driver.replayed(op);
  return there.ok && there.value !== null ? ok(there.value) : done;
}

function pickOf({ tables, kinds, doubtful, overwrite }: SalvageInput): Pick {
  return { tables, kinds, doubtful, overwrite };
}

function findingData({ id, from }: Kept, findings: Findings): JsonObject {
  return {
    kept: id,
    from,
    tables: JSON.parse(JSON.stringify(findings.tables)) as JsonObject[],
    gaps: [...findings.gaps],
    about: [...findingLines(findings)],
  };
}
