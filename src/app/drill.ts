// lastgood drill: a backup is really restored beside the live database, checked, measured, and taken away again.
import { fromCounts } from "../core/backups/words.ts";
import { size, span } from "../core/doctor/look.ts";
import { type Tried, triedWords } from "../core/flows/tried.ts";
import { err, ok, type Problem, type Result } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { Backup, Rehearsal } from "../ports/database.ts";
import type { App } from "./app.ts";
import { drillArchive } from "./archive.ts";
import { scheduled, toSecondPlace } from "./backup.ts";
import { smokeData, smokeOf } from "./drill-smoke.ts";
import { findOrFetch } from "./fetch-backup.ts";
import { alarm, type Desk, deskOf, ofStore, rowsOf, said, unitOf } from "./find-backup.ts";
import { askAll, type Checked, checkedData, checkedWords, integrityFact } from "./integrity.ts";
import { notTried } from "./try-release.ts";

export type DrillInput = {
  readonly env: string;
  readonly backup: string | null;
  readonly by: string;
  /** A moment out of the archive, in the place of a backup. */
  readonly at?: string | null | undefined;
};

const verb = "drill";

export async function drill(app: App, { env, backup: id, at = null, by }: DrillInput): Promise<Outcome> {
  const desk = deskOf(app, env, id);
  if (!desk.ok) return stopped(verb, env, desk.error);
  if (at !== null) return drillArchive(app, desk.value, { at, by });
  const done = await runDrill(app, desk.value, { id, by });
  if (!done.ok) return failed(env, done.error);
  const { backup, rehearsal, checked, smoke } = done.value;
  const kept = await toSecondPlace(app, desk.value, backup);
  const second = kept?.ok === false ? ` The second place does not have it: ${kept.error.what}.` : "";
  return said(verb, env, {
    outcome: "done",
    what: `${backup.id} was restored in ${span(rehearsal.ms)}, and is right: ${size(backup.bytes)}, ${rowsOf(backup)} ${unitOf(desk.value)}.`,
    means:
      `${checkedWords("the restored copy", ok(checked))} ${triedWords(smoke, "the restored copy")}${second}`.trim(),
    next: `lastgood restore ${backup.id} --plan says what it would cost to go back to it.`,
    data: {
      backup: backup.id,
      ms: Math.round(rehearsal.ms),
      bytes: backup.bytes,
      rows: rowsOf(backup),
      integrity: checkedData(ok(checked)),
      smoke: smokeData(smoke),
      writtenSince: fromCounts(rehearsal.losses).map((one) => ({ ...one })),
      writtenUnknown: rehearsal.lossesUnknown ?? null,
    },
  });
}

function failed(env: string, { problem, smoke }: Failure): Outcome {
  return {
    ...stopped(verb, env, problem, { smoke: smoke && smokeData(smoke) }),
    outcome: problem.code === "missing" ? "usage" : "failed",
    means: "Production was not touched. This backup is not to be counted on.",
  };
}

export type Drilled = {
  readonly backup: Backup;
  readonly rehearsal: Rehearsal;
  readonly checked: Checked;
  readonly smoke: Tried;
};

type Wish = { readonly id: string | null; readonly by: string };

/** `smoke`: where the drill came to that. */
type Failure = { readonly problem: Problem; readonly smoke: Tried | null };

/** Whatever comes of it is a fact. */
export async function runDrill(app: App, desk: Desk, wish: Wish): Promise<Result<Drilled, Failure>> {
  const { env } = desk.site.settings;
  const began = app.deps.clock.elapsed();
  const found = await findOrFetch(app, desk, wish.id);
  const done = found.ok ? await rehearse(app, desk, found.value) : failure(found.error);
  const ms = Math.round(app.deps.clock.elapsed() - began);
  if (!done.ok) {
    const { problem: why, smoke } = done.error;
    const backup = found.ok ? found.value.id : null;
    const told = wish.by === scheduled ? [alarm(app, env, "the drill failed", why.what)] : [];
    const data = {
      env,
      backup,
      problem: why,
      ms,
      by: wish.by,
      ...(smoke ? { smoke } : {}),
      ...ofStore(desk),
    };
    app.deps.ledger.record([{ type: "drill.failed", data }], told);
    return done;
  }
  const { backup, rehearsal, checked, smoke } = done.value;
  const data = {
    env,
    backup: backup.id,
    takenAt: backup.at,
    bytes: backup.bytes,
    rows: rowsOf(backup),
    ms: Math.round(rehearsal.ms),
    checks: checked.checks,
    by: wish.by,
    smoke,
    ...ofStore(desk),
  };
  const asked = checked.checks > 0 ? [integrityFact(env, backup.id, checked)] : [];
  app.deps.ledger.record([...asked, { type: "drill.done", data }]);
  return done;
}

function failure(why: Problem, smoke: Tried | null = null): Result<never, Failure> {
  return err({ problem: why, smoke });
}

/** A copy whose data is not right is no backup to go back to, however well it was restored. */
async function rehearse(app: App, desk: Desk, backup: Backup): Promise<Result<Drilled, Failure>> {
  const { assertions } = desk.desk;
  let checked: Result<Checked> = ok({ checks: 0, failures: [] });
  const without =
    desk.store === undefined
      ? "the copy's data is not right"
      : `no release runs on a copy of ${desk.store} alone`;
  let smoke: Tried = notTried(backup.release ?? null, without);
  const rehearsal = await desk.database.rehearse(backup.id, async (copy, place) => {
    checked = await askAll(copy, assertions);
    // In this order: the flows write.
    if (checked.ok && checked.value.failures.length === 0) smoke = await smokeOf(app, desk, backup, place);
  });
  if (!rehearsal.ok) return failure(rehearsal.error);
  const asked = checked as Result<Checked>;
  if (!asked.ok) return failure(asked.error);
  if (asked.value.checks < assertions.length) return failure(unasked(backup));
  if (asked.value.failures.length > 0) return failure(brokenCopy(backup, asked));
  if (smoke.works === "no") return failure(doesNotRun(backup, smoke), smoke);
  return ok({ backup, rehearsal: rehearsal.value, checked: asked.value, smoke });
}

function doesNotRun({ id }: Backup, smoke: Tried): Problem {
  return {
    code: "unhealthy",
    what: `${id} was restored, but ${triedWords(smoke, "it").replace(/\.$/, "")}`,
    next: "Mend what it says, or drill an older one: lastgood backup list",
  };
}

function unasked({ id }: Backup): Problem {
  return {
    code: "failed",
    what: `the integrity checks were not asked of the restored copy of ${id}`,
    next: "This database's driver does not offer its copy: take integrity: out, or report it.",
  };
}

function brokenCopy({ id }: Backup, checked: Result<Checked>): Problem {
  const what = `${id} was restored, but its data is not right: ${checkedWords("it", checked)}`;
  return { code: "damaged", what, next: "Drill an older one: lastgood backup list" };
}
