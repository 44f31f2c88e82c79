// Rows of two SQLite files side by side, by key: `kept` and `base` are attached to the live one (`main`).
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Reference } from "../../../core/salvage/order.ts";
import { markerTable } from "./marker.ts";

export type Shape = {
  readonly table: string;
  /** Primary key; empty where there is none. */
  readonly key: readonly string[];
  /** Columns that both have and that are stored. */
  readonly shared: readonly string[];
  /** Columns that only the other file has. */
  readonly homeless: readonly string[];
};

export type Key = readonly SQLInputValue[];

export const salvageTable = "_lastgood_salvage";
export const parkedTable = "_lastgood_parked";

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function tablesIn(db: DatabaseSync, schema: string): readonly string[] {
  const ours = [markerTable, salvageTable, parkedTable];
  return db
    .prepare("SELECT name FROM pragma_table_list WHERE schema = ? AND type = 'table' ORDER BY name")
    .all(schema)
    .map((row) => String(row["name"]))
    .filter((name) => !name.startsWith("sqlite_") && !ours.includes(name));
}

export function shapeOf(db: DatabaseSync, table: string, other: string): Shape {
  const columns = (schema: string) =>
    db.prepare("SELECT name, pk, hidden FROM pragma_table_xinfo(?, ?)").all(table, schema);
  const stored = columns("main").filter((column) => column["hidden"] === 0);
  const there = columns(other).filter((column) => column["hidden"] === 0);
  const names = stored.map((column) => String(column["name"]));
  const others = there.map((column) => String(column["name"]));
  const key = stored
    .filter((column) => Number(column["pk"]) > 0)
    .sort((a, b) => Number(a["pk"]) - Number(b["pk"]))
    .map((column) => String(column["name"]));
  return {
    table,
    key: key.every((name) => others.includes(name)) ? key : [],
    shared: names.filter((name) => others.includes(name)),
    homeless: others.filter((name) => !columns("main").some((column) => column["name"] === name)),
  };
}

export function referencesIn(db: DatabaseSync, tables: readonly string[]): readonly Reference[] {
  return tables.flatMap((from) =>
    db
      .prepare('SELECT id, "table" AS parent FROM pragma_foreign_key_list(?)')
      .all(from)
      .map((row) => ({ name: `${from}_${row["id"]}`, from, to: String(row["parent"]) })),
  );
}

/** Rows of `a` of which `b` has no such key. */
export function keysMissing(db: DatabaseSync, { table, key }: Shape, a: string, b: string): readonly Key[] {
  return keys(
    db,
    `SELECT ${list(key, "x")} FROM ${a}.${quoted(table)} x
      WHERE NOT EXISTS (SELECT 1 FROM ${b}.${quoted(table)} y WHERE ${same(key)})`,
  );
}

/** Keys that both have, with other values. */
export function keysDiffering(
  db: DatabaseSync,
  { table, key, shared }: Shape,
  a: string,
  b: string,
): readonly Key[] {
  const equal = shared.map((name) => `x.${quoted(name)} IS y.${quoted(name)}`).join(" AND ");
  return keys(
    db,
    `SELECT ${list(key, "x")} FROM ${a}.${quoted(table)} x JOIN ${b}.${quoted(table)} y ON ${same(key)} WHERE NOT (${equal})`,
  );
}

export function keyText(key: Key): string {
  return `(${key.map(String).join(",")})`;
}

export function list(columns: readonly string[], alias: string): string {
  return columns.map((name) => `${alias}.${quoted(name)}`).join(", ");
}

/** For one row, by its key's values in order. */
export function byKey(key: readonly string[]): string {
  return key.map((name) => `${quoted(name)} = ?`).join(" AND ");
}

function same(key: readonly string[]): string {
  return key.map((name) => `x.${quoted(name)} = y.${quoted(name)}`).join(" AND ");
}

function keys(db: DatabaseSync, sql: string): readonly Key[] {
  const query = db.prepare(sql);
  query.setReadBigInts(true);
  query.setReturnArrays(true);
  return query.all() as unknown as readonly Key[];
}
