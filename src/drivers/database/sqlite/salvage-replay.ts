// Brings rows of a kept SQLite file into the live one, row by row, inside of a transaction that the caller holds.
import type { DatabaseSync } from "node:sqlite";
import { replayOrder } from "../../../core/salvage/order.ts";
import type { Conflict, Pick, TableFindings, Verdict } from "../../../core/salvage/verdict.ts";
import { sqliteFault } from "./problem.ts";
import {
  byKey,
  type Key,
  keysDiffering,
  keysMissing,
  keyText,
  parkedTable,
  quoted,
  referencesIn,
  type Shape,
  shapeOf,
  tablesIn,
} from "./salvage-rows.ts";

const KEYS_SHOWN = 5;
const CONSTRAINT = 19;
/** Extended result codes of sqlite.org/rescode.html. */
const codes: Readonly<Record<number, Conflict>> = {
  2067: "unique-taken",
  1555: "unique-taken",
  787: "parent-missing",
  1299: "does-not-fit",
  275: "does-not-fit",
};

type Tally = {
  readonly verdicts: Map<Verdict, number>;
  readonly keys: Map<Conflict, string[]>;
  homeless: Map<string, number>;
};

/** `base`: the backup is attached too. Ordered parents first; tables without a key are not looked at. */
export function replayRows(db: DatabaseSync, pick: Pick, base: boolean): readonly TableFindings[] {
  const shapes = shapesOf(db);
  const tallies = new Map(shapes.map(({ table }) => [table, newTally()]));
  const of = (shape: Shape) => tallies.get(shape.table) ?? newTally();
  for (const shape of shapes) upsert(db, shape, of(shape), { pick, base });
  if (base) for (const shape of shapes.toReversed()) remove(db, shape, of(shape), pick);
  return shapes.map((shape) => findings(shape.table, of(shape))).filter(saysSomething);
}

export function keylessTables(db: DatabaseSync): readonly string[] {
  const live = tablesIn(db, "main");
  return tablesIn(db, "kept").filter(
    (table) => live.includes(table) && shapeOf(db, table, "kept").key.length === 0,
  );
}

function shapesOf(db: DatabaseSync): readonly Shape[] {
  const kept = tablesIn(db, "kept");
  const shapes = tablesIn(db, "main")
    .filter((table) => kept.includes(table))
    .map((table) => shapeOf(db, table, "kept"))
    .filter(({ key }) => key.length > 0);
  const names = shapes.map(({ table }) => table);
  return replayOrder(names, referencesIn(db, names)).tables.flatMap(
    (name) => shapes.find(({ table }) => table === name) ?? [],
  );
}

type How = { readonly pick: Pick; readonly base: boolean };

function upsert(db: DatabaseSync, shape: Shape, tally: Tally, { pick, base }: How): void {
  const known = base && tablesIn(db, "base").includes(shape.table);
  const set = (keys: readonly Key[]) => new Set(keys.map(keyText));
  // Written since the backup; without one, whatever is not the same.
  const fresh = known
    ? set([...keysMissing(db, shape, "kept", "base"), ...keysDiffering(db, shape, "kept", "base")])
    : null;
  const moved = known ? set(keysDiffering(db, shape, "main", "base")) : null;
  for (const key of keysDiffering(db, shape, "kept", "main")) {
    if (fresh !== null && !fresh.has(keyText(key))) continue;
    const both = moved === null || moved.has(keyText(key));
    if (both && !pick.overwrite) note(tally, "both-changed", key);
    else act(db, shape, tally, { key, kind: "update", pick });
  }
  for (const key of keysMissing(db, shape, "kept", "main")) {
    if (fresh === null || fresh.has(keyText(key))) act(db, shape, tally, { key, kind: "insert", pick });
  }
}

function remove(db: DatabaseSync, shape: Shape, tally: Tally, pick: Pick): void {
  if (!tablesIn(db, "base").includes(shape.table)) return;
  const gone = new Set(keysMissing(db, shape, "base", "kept").map(keyText));
  const moved = new Set(keysDiffering(db, shape, "main", "base").map(keyText));
  for (const key of keysMissing(db, shape, "main", "kept")) {
    if (!gone.has(keyText(key))) continue;
    if (moved.has(keyText(key))) note(tally, "both-changed", key);
    else act(db, shape, tally, { key, kind: "delete", pick });
  }
}

type Act = { readonly key: Key; readonly kind: "insert" | "update" | "delete"; readonly pick: Pick };

/** What the live schema refuses is a conflict; the statement alone is undone. */
function act(db: DatabaseSync, shape: Shape, tally: Tally, { key, kind, pick }: Act): void {
  const picked = (pick.tables === null || pick.tables.includes(shape.table)) && pick.kinds.includes(kind);
  if (!picked) {
    note(tally, "left", key);
    return;
  }
  try {
    db.prepare(statement(shape, kind)).run(...key, ...(kind === "update" ? key : []));
    note(tally, kind, key);
    if (kind !== "delete") park(db, shape, tally, key);
  } catch (error) {
    const fault = sqliteFault(error);
    if (fault?.code !== CONSTRAINT) throw error;
    const { errcode } = error as { readonly errcode: number };
    note(tally, kind === "delete" ? "still-used" : (codes[errcode] ?? "does-not-fit"), key);
  }
}

function statement({ table, key, shared }: Shape, kind: Act["kind"]): string {
  const columns = shared.map(quoted).join(", ");
  const source = `SELECT ${columns} FROM kept.${quoted(table)} WHERE ${byKey(key)}`;
  if (kind === "insert") return `INSERT INTO main.${quoted(table)}(${columns}) ${source}`;
  if (kind === "delete") return `DELETE FROM main.${quoted(table)} WHERE ${byKey(key)}`;
  return `UPDATE main.${quoted(table)} SET (${columns}) = (${source}) WHERE ${byKey(key)}`;
}

/** Values of columns that the live schema lacks, as JSON with the row's key. */
function park(db: DatabaseSync, { table, key, homeless }: Shape, tally: Tally, of: Key): void {
  for (const column of homeless) {
    const parked = db
      .prepare(
        `INSERT INTO main.${parkedTable}(relation, row_key, name, value) SELECT ?, ?, ?, ${quoted(column)} FROM kept.${quoted(table)}
          WHERE ${byKey(key)} AND ${quoted(column)} IS NOT NULL`,
      )
      .run(table, keyText(of), column, ...of);
    if (Number(parked.changes) > 0) tally.homeless.set(column, (tally.homeless.get(column) ?? 0) + 1);
  }
}

function newTally(): Tally {
  return { verdicts: new Map(), keys: new Map(), homeless: new Map() };
}

function note({ verdicts, keys }: Tally, verdict: Verdict, key: Key): void {
  verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
  if (!isConflictOf(verdict)) return;
  const shown = keys.get(verdict) ?? [];
  if (shown.length < KEYS_SHOWN) keys.set(verdict, [...shown, keyText(key)]);
}

function isConflictOf(verdict: Verdict): verdict is Conflict {
  return !["insert", "update", "delete", "same", "doubtful", "left"].includes(verdict);
}

function findings(table: string, { verdicts, keys, homeless }: Tally): TableFindings {
  return {
    table,
    verdicts: Object.fromEntries(verdicts),
    conflicts: [...keys].map(([why, shown]) => ({ why, rows: verdicts.get(why) ?? 0, keys: shown })),
    homeless: [...homeless].map(([column, values]) => ({ column, values })),
    migration: 0,
  };
}

function saysSomething({ verdicts }: TableFindings): boolean {
  return Object.keys(verdicts).length > 0;
}
