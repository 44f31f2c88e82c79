// What people read of backups and drills: how old, how proved, what would be lost.
import { span } from "../doctor/look.ts";
import type { Changes, TableChanges } from "../salvage/changes.ts";
import { drillOf } from "./proof.ts";
import type { BackupState } from "./state.ts";

/** What was written into one table since a backup. */
export type Written = {
  readonly table: string;
  /** Rows that a restore would take away; null where only a difference is known. */
  readonly rows: number | null;
  readonly what: string;
};

/** How well one backup is proved. Never drilled is never silent. */
export function proofWords(state: BackupState, backup: string, now: number): string {
  const drill = drillOf(state, backup);
  if (drill === null) return "never drilled: nobody knows whether it can be restored";
  const ago = span(Math.max(0, now - drill.at));
  if (drill.problem !== null) return `its drill ${ago} ago failed: ${drill.problem}`;
  const ran = drill.smoke?.works === "yes" ? ", and its release passed its smoke checks on it" : "";
  return `drilled ${ago} ago: restored in ${span(drill.ms)} on this server${ran}`;
}

/** `about 12 s, as measured by the last drills on this server`. */
export function takesWords(ms: number | null): string {
  if (ms === null) return "not known: never drilled on this server (lastgood drill measures it)";
  return `about ${span(ms)}, as measured by drills on this server`;
}

/** From what was counted then and now. The largest first. */
export function fromCounts(
  counts: readonly { readonly table: string; readonly then: number; readonly now: number }[],
): readonly Written[] {
  return largestFirst(
    counts.map(({ table, then: before, now }) => {
      const more = now - before;
      const counted = `${before} then, ${now} now`;
      if (more > 0) return { table, rows: more, what: `${more} rows more (${counted})` };
      if (more < 0) return { table, rows: null, what: `${-more} rows fewer (${counted})` };
      return { table, rows: null, what: `${now} rows then and now, some of them changed` };
    }),
  );
}

/** From what the database itself tells apart. */
export function fromChanges({ tables }: Changes): readonly Written[] {
  return largestFirst(
    tables.map((one) => ({ table: one.table, rows: one.written, what: changesWords(one) })),
  );
}

function changesWords({ written, migration, gone, inserted, updated, deleted }: TableChanges): string {
  const told = [
    inserted !== null && inserted > 0 ? `${inserted} new` : "",
    updated !== null && updated > 0 ? `${updated} changed` : "",
    inserted === null && written > 0 ? `${written} new or changed` : "",
    deleted !== null && deleted > 0 ? `${deleted} deleted` : "",
    deleted === null && gone !== null && gone > 0 ? `${gone} of then changed or deleted` : "",
    migration > 0 ? `${migration} by the migration` : "",
  ];
  return told.filter((word) => word !== "").join(", ") || "not as it was";
}

function largestFirst(written: readonly Written[]): readonly Written[] {
  return [...written].sort((a, b) => (b.rows ?? 0) - (a.rows ?? 0) || (a.table < b.table ? -1 : 1));
}

/** `1,204 rows in 3 tables`; where some are not countable, that too. */
export function writtenTotal(written: readonly Written[]): string {
  const rows = written.reduce((sum, one) => sum + (one.rows ?? 0), 0);
  const some = written.some((one) => one.rows === null) ? ", and others changed or deleted" : "";
  const tables = written.length === 1 ? "1 table" : `${written.length} tables`;
  return `${rows} rows in ${tables}${some}`;
}
