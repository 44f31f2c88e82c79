// What can become of a row that is to be brought back, and the words for it.

/** Rows that are brought back. */
export const kinds = ["insert", "update", "delete"] as const;
export type Kind = (typeof kinds)[number];

/** Why a row that is wanted stays where it is. Nothing of it is lost: the kept database has it. */
export const conflicts = {
  "both-changed": "the row was changed in both databases since",
  "unique-taken": "another row has its unique value",
  "parent-missing": "the row that it points at is not there",
  "does-not-fit": "its values do not fit the schema of now",
  "still-used": "it was deleted, but newer rows point at it",
} as const;
export type Conflict = keyof typeof conflicts;

/** `same`: there already. `doubtful`: written before or by the migration, which nothing can tell. `left`: not picked. */
export type Verdict = Kind | Conflict | "same" | "doubtful" | "left";

export function isConflict(verdict: string): verdict is Conflict {
  return Object.hasOwn(conflicts, verdict);
}

/** What a person wants brought back. */
export type Pick = {
  /** Names of tables; null for all. */
  readonly tables: readonly string[] | null;
  readonly kinds: readonly Kind[];
  /** Also what was written before or by the migration. */
  readonly doubtful: boolean;
  /** Where a row was changed in both databases: take the kept one's. */
  readonly overwrite: boolean;
};

export const pickAll: Pick = { tables: null, kinds, doubtful: false, overwrite: false };

/** One table of a kept database against the live one. */
export type TableFindings = {
  readonly table: string;
  readonly verdicts: Readonly<Partial<Record<Verdict, number>>>;
  /** Rows by why they cannot come, with the keys of a few. */
  readonly conflicts: readonly {
    readonly why: Conflict;
    readonly rows: number;
    readonly keys: readonly string[];
  }[];
  /** Values that the live schema has no column or table for. `column` null: the whole table. */
  readonly homeless: readonly { readonly column: string | null; readonly values: number }[];
  /** Rows that the migration alone wrote; they are left where they are. */
  readonly migration: number;
};

export type Findings = {
  readonly kept: string;
  /** Ordered parents first; only tables where there is something to say. */
  readonly tables: readonly TableFindings[];
  readonly gaps: readonly string[];
};

/** Rows with one of these verdicts, over all tables. */
export function rowsWith(findings: Findings, wanted: (verdict: string) => boolean): number {
  let sum = 0;
  for (const { verdicts } of findings.tables)
    for (const [verdict, rows] of Object.entries(verdicts)) if (wanted(verdict)) sum += rows;
  return sum;
}

export function comesBack(verdict: string): boolean {
  return (kinds as readonly string[]).includes(verdict);
}
