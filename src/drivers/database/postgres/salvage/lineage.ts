// From which moment on a database's rows are its own: told from backups, and from when databases changed places.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { MigrationWindow } from "../../../../core/salvage/window.ts";
import type { Manifest, TableFacts } from "../manifest.ts";
import type { Moment } from "./moments.ts";
import type { Since } from "./xmin.ts";

/** A database at the moment from which it is looked at. */
export type Beginning = {
  /** Null: not known, so every row is looked at as if it were written since. */
  readonly since: Since | null;
  /** Rows by table at that moment; null where nobody counted. */
  readonly tables: readonly TableFacts[] | null;
  /** Why the moment is not a clear cut; null where it is. */
  readonly inexact: string | null;
};

/** Two databases of one past, each from the moment at which they parted. */
export type Lineage = {
  /** What a restore or its undo replaced. */
  readonly source: { readonly name: string } & Beginning;
  readonly target: Beginning;
};

export type Known = {
  readonly manifests: readonly Manifest[];
  readonly moments: readonly Moment[];
  readonly liveOid: string;
  readonly migrated: readonly MigrationWindow[];
};

const unknown: Beginning = { since: null, tables: null, inexact: null };

/** When the live database was what `backup` holds; for one that a restore kept: when its successor came in place. */
export function beginningOf(backup: Manifest, known: Known): Result<Beginning> {
  if (isKept(backup)) {
    const moment = known.moments.find(({ op, live }) => op === backup.op && live === known.liveOid);
    if (moment) return ok(at(moment, null, known));
    return problem(
      "failed",
      `what was written since ${backup.id} cannot be counted: another restore came after it`,
      "look at the newest one: lastgood backup list",
    );
  }
  if (backup.database.oid === known.liveOid) return ok(ofBackup(backup, known));
  return problem(
    "failed",
    `what was written since ${backup.id} cannot be counted: the live database is not the one that it was taken of`,
    "look at what was written since the newest restore instead: lastgood backup list",
  );
}

/** `kept`: what a restore replaced. `from`: the backup that took its place, where that is known. */
export function lineageOf(kept: Manifest, from: Manifest | null, known: Known): Result<Lineage> {
  if (kept.place.kind !== "database" || !isKept(kept))
    return problem("usage", `${kept.id} is not what a restore kept`, "name one that begins with before-");
  const { name, oid } = kept.place;
  const { moments, liveOid } = known;
  // The way back: what is live now was replaced before, by the very database that is kept now.
  const before = moments.findLast((one) => one.kept === liveOid && one.live === oid);
  if (before) return ok({ source: { name, ...at(before, null, known) }, target: oldestOf(known) });
  const moment = moments.findLast((one) => one.kept === oid && one.live === liveOid);
  if (!moment)
    return problem(
      "missing",
      `nothing here says when ${kept.id} was replaced`,
      `its database ${name} is still on the server: compare it by hand`,
    );
  const source =
    from !== null && from.database.oid === oid && !isKept(from) ? ofBackup(from, known) : unknown;
  return ok({ source: { name, ...source }, target: at(moment, from, known) });
}

function isKept({ place }: Manifest): boolean {
  return place.kind === "database" && place.why === "before";
}

function ofBackup({ id, snapshot: { s0, inexact }, tables }: Manifest, { migrated }: Known): Beginning {
  return { since: { at: s0, backup: id, migrated }, tables, inexact };
}

/** What came in place held what the backup held. */
function at(moment: Moment, backup: Manifest | null, { migrated }: Known): Beginning {
  return { since: { at: moment.at, backup: null, migrated }, tables: backup?.tables ?? null, inexact: null };
}

/** Of what was there before: one that is too old only shows more rows as changed in both. */
function oldestOf(known: Known): Beginning {
  const [oldest] = known.manifests
    .filter((one) => !isKept(one) && one.database.oid === known.liveOid)
    .sort((a, b) => a.at - b.at);
  return oldest === undefined ? unknown : ofBackup(oldest, known);
}
