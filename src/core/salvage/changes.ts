// What was written since a restore point, by table: what may be said from counts alone, and no more.

/** Counted in one look at the table as it is now, against the snapshot of the restore point. */
export type Counted = {
  /** Rows at the restore point; null where it had no such table, `unknown` where nobody counted. */
  readonly before: number | null | "unknown";
  /** Rows now; null where the table is gone. */
  readonly now: number | null;
  /** Rows of now that users wrote since: new ones and changed ones. */
  readonly users: number;
  /** Rows of now that were written while the migration ran. */
  readonly migration: number;
};

export type TableChanges = {
  readonly table: string;
  /** Rows that users added or changed since. Exact, but for rows rewritten with the same values. */
  readonly written: number;
  /** Rows that the migration wrote. */
  readonly migration: number;
  /** Rows of then that are not as they were: changed, deleted, or rewritten by the migration. Null: not known. */
  readonly gone: number | null;
  /** Null where the counts alone cannot tell one from the other. */
  readonly inserted: number | null;
  readonly updated: number | null;
  readonly deleted: number | null;
};

export type Changes = {
  readonly backup: string;
  /** Only tables with changes, ordered by name. */
  readonly tables: readonly TableChanges[];
  /** What these figures cannot show, in words for people. Empty: nothing is hidden. */
  readonly gaps: readonly string[];
};

export function tableChanges(table: string, { before, now, users, migration }: Counted): TableChanges {
  const same = { table, written: users, migration };
  if (now === null) return { ...same, written: 0, inserted: 0, updated: 0, ...allGone(before) };
  if (before === "unknown") return { ...same, gone: null, inserted: null, updated: null, deleted: null };
  if (before === null) return { ...same, gone: 0, inserted: users, updated: 0, deleted: 0 };
  const untouched = now - users - migration;
  const gone = before - untouched;
  // Fewer rows then than are untouched now: the count of then is not of this table's past.
  if (gone < 0) return { ...same, gone: null, inserted: null, updated: null, deleted: null };
  if (gone === 0) return { ...same, gone, inserted: users, updated: 0, deleted: 0 };
  if (users === 0 && migration === 0) return { ...same, gone, inserted: 0, updated: 0, deleted: gone };
  return { ...same, gone, inserted: null, updated: null, deleted: null };
}

function allGone(before: number | null | "unknown") {
  const rows = before === "unknown" ? null : (before ?? 0);
  return { gone: rows, deleted: rows };
}

export function isChanged({ written, migration, gone }: TableChanges): boolean {
  return written > 0 || migration > 0 || (gone !== null && gone > 0);
}
