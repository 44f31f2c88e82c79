// lastgood restore: a backup in the place of the database, as a run of the engine; and the way back from it.
import { restoreMs } from "../core/backups/proof.ts";
import { proofWords, takesWords, writtenTotal } from "../core/backups/words.ts";
import { span } from "../core/doctor/look.ts";
import type { JsonObject } from "../core/json.ts";
import { heldMs } from "../core/plan/held.ts";
import type { Plan } from "../core/plan/plan.ts";
import { planRestore } from "../core/plan/plans.ts";
import type { Release } from "../core/release.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { RunState } from "../core/run.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { planData, runData } from "../core/view/run-data.ts";
import type { Since } from "../ports/backup-care.ts";
import type { Backup } from "../ports/database.ts";
import type { App } from "./app.ts";
import { backupData } from "./backup.ts";
import { notDone } from "./deploy-outcome.ts";
import { gatherFacts } from "./facts.ts";
import { backupState, type Desk, deskOf, desksOf, said } from "./find-backup.ts";
import { chooseBackup, replaced } from "./restore-choice.ts";
import { planHash, runPlan } from "./run-plan.ts";
import { startWatch, superseded } from "./watch-start.ts";

export type RestoreInput = {
  readonly env: string;
  /** An id, or the path of a file from elsewhere; null: by `at`, or the newest that is whole. */
  readonly backup: string | null;
  /** The newest backup that is not younger: a time (ISO 8601), or an age (`2h`). */
  readonly at: string | null;
  /** Back to what the newest restore replaced. */
  readonly undo: boolean;
  readonly planOnly: boolean;
  /** True, or the hash of the plan that a person saw. */
  readonly approved: boolean | string;
  readonly by: string;
  readonly why: string | null;
};

const verb = "restore";

export async function restore(app: App, input: RestoreInput): Promise<Outcome> {
  const { env } = input;
  const desk = await deskFor(app, input);
  if (!desk.ok) return stopped(verb, env, desk.error);
  const { releases } = envState(app.deps.ledger.state(), env);
  const ensured = await desk.value.site.ensure(Object.values(releases).map((one) => one.release));
  if (!ensured.ok) return stopped(verb, env, ensured.error);
  const backup = await chooseBackup(app, desk.value, input);
  if (!backup.ok) return stopped(verb, env, backup.error);
  const made = await makePlan(app, desk.value, backup.value, input);
  if (!made.ok) return stopped(verb, env, made.error);
  const name = await desk.value.desk.name();
  if (!name.ok) return stopped(verb, env, name.error);
  const going = { input, desk: desk.value, backup: backup.value, name: name.value, ...made.value };
  const hash = planHash(made.value.plan);
  if (input.planOnly) return planned(app, going, "planned");
  if (input.approved !== true && input.approved !== hash) return planned(app, going, "waits");
  return carryOut(app, going);
}

/** An id says its store; a way back is from the newest restore, whichever it was of; an RDB file is a store's. */
async function deskFor(app: App, { env, backup, undo }: RestoreInput): Promise<Result<Desk>> {
  const usual = deskOf(app, env, backup?.endsWith(".rdb") ? "redis-" : backup);
  if (!usual.ok || !undo) return usual;
  const all = desksOf(app, env);
  if (!all.ok) return all;
  let newest: { readonly at: number; readonly desk: Desk } | null = null;
  for (const desk of all.value) {
    const kept = await replaced(desk);
    if (kept.ok && (newest === null || kept.value.at > newest.at)) newest = { at: kept.value.at, desk };
  }
  return newest === null ? usual : ok(newest.desk);
}

type Made = { readonly plan: Plan; readonly release: Release };
type Going = Made & {
  readonly input: RestoreInput;
  readonly desk: Desk;
  readonly backup: Backup;
  /** Of the database, as people know it. */
  readonly name: string;
};

/** The release that serves stays; where it died (of its data, perhaps), it is what is started again. */
async function makePlan(
  app: App,
  { site, store }: Desk,
  backup: Backup,
  input: RestoreInput,
): Promise<Result<Made>> {
  if (site.world.rollout)
    return problem(
      "refused",
      "this platform replaces releases in place: requests can't be held while the database is exchanged",
      "Scale the app to 0 by hand, restore with the app stopped, and scale it up again.",
    );
  const env = envState(app.deps.ledger.state(), input.env);
  const known = env.serving === null ? undefined : env.releases[env.serving]?.release;
  if (!known)
    return problem(
      "missing",
      "no release was deployed here yet",
      "Deploy one first: it starts on the data of now.",
    );
  const why = input.why ?? `${input.by} restores ${backup.id}`;
  const facts = await gatherFacts(app, site, known, why);
  if (!facts.ok) return facts;
  const target = facts.value.from ?? known;
  return ok({
    plan: planRestore({ ...facts.value, target, from: target }, backup.id, store ?? null),
    release: target,
  });
}

async function planned(app: App, going: Going, outcome: "planned" | "waits"): Promise<Outcome> {
  const { input, plan, backup, desk } = going;
  const { care, keptUntil } = desk.desk;
  const { name } = going;
  const since = await care.since(backup.id);
  const takesMs = restoreMs(backupState(app, input.env, desk.store), backup.bytes);
  const data: JsonObject = {
    plan: planData(plan),
    hash: planHash(plan),
    /** What a person types to say yes. */
    database: name,
    backup: backupData(app, input.env, backup, desk.store),
    takesMs,
    waitMs: waitOf(app, plan),
    ...sinceData(since),
    about: [...aboutLines(app, going, since, takesMs)],
    warnings: [...warningsOf(app, going)],
    keptUntil,
  };
  const next = outcome === "planned" ? `${again(input, backup)} --yes does it.` : "Say --yes to do it.";
  const what = `This would put ${backup.id} in the place of ${name}.`;
  return said(verb, input.env, { outcome, what, means: "Nothing was changed.", next, data });
}

function again({ undo }: RestoreInput, { id }: Backup): string {
  return undo ? "lastgood restore --undo" : `lastgood restore ${id}`;
}

function sinceData(since: Result<Since>): JsonObject {
  if (!since.ok) return { writtenSince: [], writtenUnknown: since.error.what, gaps: [] };
  const { written, gaps } = since.value;
  return { writtenSince: written.map((one) => ({ ...one })), writtenUnknown: null, gaps: [...gaps] };
}

/** What a person reads before saying yes. */
function aboutLines(
  app: App,
  { input, backup, desk, name, plan }: Going,
  since: Result<Since>,
  takesMs: number | null,
): readonly string[] {
  const now = app.deps.clock.now();
  const old = span(Math.max(0, now - backup.at));
  const proof = proofWords(backupState(app, input.env, desk.store), backup.id, now);
  return [
    input.undo ? `What the last restore replaced, ${old} ago.` : `Taken ${old} ago; ${proof}.`,
    `How long: ${takesWords(takesMs)}.`,
    `Requests wait at the end of it, ${waitWords(waitOf(app, plan))}; past the hold limit they fail.`,
    ...writtenWords(since, input.undo),
    `It can be taken back: ${name} of now is kept ${desk.desk.keptUntil} (lastgood restore --undo).`,
  ];
}

function waitOf(app: App, plan: Plan): number | null {
  return heldMs(plan, app.deps.ledger.state().durations);
}

function waitWords(ms: number | null): string {
  return ms === null ? "for how long is not known before the first time" : `for about ${span(ms)}`;
}

function writtenWords(since: Result<Since>, undo: boolean): readonly string[] {
  const then = undo ? "Since that restore" : "Since this backup";
  if (!since.ok) return [`${then}: what was written can't be told (${since.error.what}).`];
  const { written, gaps } = since.value;
  if (written.length === 0) return [`${then}: nothing was written.`, ...gaps];
  return [
    `${then}: ${writtenTotal(written)} would go out of sight (kept, not lost):`,
    ...written.map(({ table, what }) => `  ${table}: ${what}`),
    ...gaps,
  ];
}

function warningsOf(app: App, { input, backup, release }: Going): readonly string[] {
  const { servingSince } = envState(app.deps.ledger.state(), input.env);
  if (servingSince === null || backup.at >= servingSince) return [];
  return [
    `${release.version} began to serve after this backup was taken: what its migrations did is not in it. To take code and data back together: lastgood rollback --with-data`,
  ];
}

async function carryOut(app: App, going: Going): Promise<Outcome> {
  const { input, plan, backup, desk, release } = going;
  const { env } = input;
  const { site } = desk;
  const { watch } = envState(app.deps.ledger.state(), env);
  const run = await runPlan(app, plan, { by: input.by, goingBack: true, with: superseded(app, env) });
  if (!run.ok) return stopped(verb, env, run.error);
  // Paused, it is a person's business: a watch could take a release back in the middle of it.
  if (run.value.status === "paused") return notRestored(env, run.value);
  // A release that was being watched still has to prove itself; else the question is whether the restore helped.
  await startWatch(app, site, {
    release,
    previous: watch?.previous ?? null,
    after: watch?.after ?? "rollback",
  });
  if (run.value.outcome !== "done") return notRestored(env, run.value);
  return restored(app, going, run.value, backup);
}

function notRestored(env: string, run: RunState): Outcome {
  const outcome = notDone(verb, env, run);
  if (run.status === "paused") return outcome;
  return {
    ...outcome,
    outcome: "failed",
    means: "The database is as it was, and what served serves again; nothing was lost.",
  };
}

function restored(app: App, { input, desk, release, name }: Going, run: RunState, backup: Backup): Outcome {
  const of = desk.store === undefined ? "database" : desk.store;
  const op = run.do["restore"]?.op ?? "";
  const ms = run.do["restore"]?.ms ?? 0;
  const kept = `${desk.store === undefined ? "" : `${desk.store}-`}before-${op}`;
  const { keptUntil } = desk.desk;
  return said(verb, input.env, {
    outcome: "done",
    what: `${backup.id} is ${name} now; ${release.version} serves on it.`,
    means: `It took ${span(ms)}. The ${of} of before is kept ${keptUntil}, as ${kept}.`,
    next: "lastgood restore --undo takes it back; lastgood status shows whether errors are gone.",
    data: {
      ...runData(run),
      backup: backupData(app, input.env, backup, desk.store),
      kept,
      restoreMs: ms,
    },
  });
}
