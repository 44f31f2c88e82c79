// Small ways to ask a session for what a salvage needs again and again.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlParam, SqlRow, SqlSession } from "../../../../ports/sql.ts";
import { quoteName } from "../names.ts";

export async function rowsOf(
  session: SqlSession,
  text: string,
  params?: readonly SqlParam[],
): Promise<Result<readonly SqlRow[]>> {
  const asked = await session.query(text, params);
  return asked.ok ? ok(asked.value.rows) : asked;
}

/** The numbers of a query with one row. */
export async function numbersOf<K extends string>(
  session: SqlSession,
  text: string,
): Promise<Result<Readonly<Record<K, number>>>> {
  const asked = await session.query(text);
  if (!asked.ok) return asked;
  const row = Object.entries(asked.value.rows[0] ?? {}).map(([name, value]) => [name, Number(value)]);
  return ok(Object.fromEntries(row) as Record<K, number>);
}

/** One after the other, until one fails; rows that the last one returned or changed. */
export async function inTurn(session: SqlSession, statements: readonly string[]): Promise<Result<number>> {
  let count = 0;
  for (const statement of statements) {
    const done = await session.query(statement);
    if (!done.ok) return done;
    count = done.value.count;
  }
  return ok(count);
}

/** `a."x", a."y"`; without an alias `"x", "y"`. */
export function list(columns: readonly string[], alias = ""): string {
  return columns.map((column) => `${alias && `${alias}.`}${quoteName(column)}`).join(", ");
}

/** A row's columns as one text: equal texts, equal values, whatever operators their types lack. */
export function rowText(columns: readonly string[], alias: string): string {
  return `ROW(${list(columns, alias)})::pg_catalog.text`;
}

/** `a."x" = b."x" AND …` */
export function sameKey(columns: readonly string[], a: string, b: string): string {
  return columns.map((column) => `${a}.${quoteName(column)} = ${b}.${quoteName(column)}`).join(" AND ");
}

/** Names are written out in full in all that the server says, and mean what they say in all that we ask. */
export const settled = "SET search_path = pg_catalog, pg_temp; SET row_security = off";
