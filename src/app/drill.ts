// lastgood drill: a backup is really restored beside the live database, checked, measured, and taken away again.
import { fromCounts } from "../core/backups/words.ts";
import { size, span } from "../core/doctor/look.ts";
import { ok, type Problem, problem, type Result } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { Backup, Rehearsal } from "../ports/database.ts";
import type { App } from "./app.ts";
import { drillArchive } from "./archive.ts";
import { scheduled, toSecondPlace } from "./backup.ts";
import { alarm, type Desk, deskOf, findOne, rowsOf, said } from "./find-backup.ts";
import { askAll, type Checked, checkedData, checkedWords, integrityFact } from "./integrity.ts";

export type DrillInput = {
  readonly env: string;
  readonly backup: string | null;
  readonly by: string;
  /** A moment out of the archive, in the place of a backup. */
  readonly at?: string | null | undefined;
};

const verb = "drill";
/** Honest about what a drill is not, as long as it is not. */
const notDone = "No instance of the release was started on the copy: its smoke checks were not tried there.";

export async function drill(app: App, { env, backup: id, at = null, by }: DrillInput): Promise<Outcome> {
  const desk = deskOf(app, env);
  if (!desk.ok) return stopped(verb, env, desk.error);
  if (at !== null) return drillArchive(app, desk.value, { at, by });
  const done = await runDrill(app, desk.value, { id, by });
  if (!done.ok)
    return {
      ...stopped(verb, env, done.error),
      outcome: done.error.code === "missing" ? "usage" : "failed",
      means: "Production was not touched. This backup is not to be counted on.",
    };
  const { backup, rehearsal, checked } = done.value;
  const kept = await toSecondPlace(app, desk.value, backup);
  const second = kept?.ok === false ? ` The second place does not have it: ${kept.error.what}.` : "";
  return said(verb, env, {
    outcome: "done",
    what: `${backup.id} was restored in ${span(rehearsal.ms)}, and is right: ${size(backup.bytes)}, ${rowsOf(backup)} rows.`,
    means: `${checkedWords("the restored copy", ok(checked))} ${notDone}${second}`,
    next: `lastgood restore ${backup.id} --plan says what it would cost to go back to it.`,
    data: {
      backup: backup.id,
      ms: Math.round(rehearsal.ms),
      bytes: backup.bytes,
      rows: rowsOf(backup),
      integrity: checkedData(ok(checked)),
      smoke: null,
      writtenSince: fromCounts(rehearsal.losses).map((one) => ({ ...one })),
      writtenUnknown: rehearsal.lossesUnknown ?? null,
    },
  });
}

export type Drilled = {
  readonly backup: Backup;
  readonly rehearsal: Rehearsal;
  readonly checked: Checked;
};

type Wish = { readonly id: string | null; readonly by: string };

/** Whatever comes of it is a fact. */
export async function runDrill(app: App, desk: Desk, wish: Wish): Promise<Result<Drilled>> {
  const { env } = desk.site.settings;
  const began = app.deps.clock.elapsed();
  const found = await findOne(desk.database, wish.id);
  const done = found.ok ? await rehearse(desk, found.value) : found;
  const ms = Math.round(app.deps.clock.elapsed() - began);
  if (!done.ok) {
    const backup = found.ok ? found.value.id : null;
    const told = wish.by === scheduled ? [alarm(app, env, "the drill failed", done.error.what)] : [];
    const data = { env, backup, problem: done.error, ms, by: wish.by };
    app.deps.ledger.record([{ type: "drill.failed", data }], told);
    return done;
  }
  const { backup, rehearsal, checked } = done.value;
  const data = {
    env,
    backup: backup.id,
    takenAt: backup.at,
    bytes: backup.bytes,
    rows: rowsOf(backup),
    ms: Math.round(rehearsal.ms),
    checks: checked.checks,
    by: wish.by,
  };
  const asked = checked.checks > 0 ? [integrityFact(env, backup.id, checked)] : [];
  app.deps.ledger.record([...asked, { type: "drill.done", data }]);
  return done;
}

/** A copy whose data is not right is no backup to go back to, however well it was restored. */
async function rehearse({ database, desk }: Desk, backup: Backup): Promise<Result<Drilled>> {
  let checked: Result<Checked> = ok({ checks: 0, failures: [] });
  const rehearsal = await database.rehearse(backup.id, async (copy) => {
    checked = await askAll(copy, desk.assertions);
  });
  if (!rehearsal.ok) return rehearsal;
  const asked = checked as Result<Checked>;
  if (!asked.ok) return asked;
  if (asked.value.checks < desk.assertions.length) return unasked(backup);
  if (asked.value.failures.length === 0)
    return ok({ backup, rehearsal: rehearsal.value, checked: asked.value });
  return brokenCopy(backup, asked);
}

function unasked({ id }: Backup): Result<never, Problem> {
  const what = `the integrity checks were not asked of the restored copy of ${id}`;
  return problem(
    "failed",
    what,
    "This database's driver does not offer its copy: take integrity: out, or report it.",
  );
}

function brokenCopy({ id }: Backup, checked: Result<Checked>): Result<never, Problem> {
  const what = `${id} was restored, but its data is not right: ${checkedWords("it", checked)}`;
  return problem("damaged", what, "Drill an older one: lastgood backup list");
}
