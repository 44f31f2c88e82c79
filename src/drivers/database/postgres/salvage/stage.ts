// Brings the rows that were written in the source into temporary tables of the target's session, with the target's types.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { quoteName, quoteText } from "../names.ts";
import { inTurn, list, numbersOf, rowText } from "./ask.ts";
import { differingBuckets, inBuckets } from "./buckets.ts";
import type { CatalogColumn, Table } from "./catalog.ts";
import type { Pair } from "./pairs.ts";
import { ship } from "./ship.ts";
import type { Written } from "./xmin.ts";

export type Two = {
  readonly source: SqlSession;
  readonly target: SqlSession;
  /** In the source: written since the two parted. */
  readonly written: Written;
  /** In the target: written since the two parted. */
  readonly newer: Written;
};

/** Values and rows without a home, and rows that do not fit. */
export const parkTable = "lastgood_park";

export async function openPark(target: SqlSession): Promise<Result<number>> {
  return inTurn(target, [
    `CREATE TEMP TABLE ${parkTable}(relation text NOT NULL, row_key text, why text NOT NULL, content jsonb NOT NULL)`,
  ]);
}

/**
 * `rows`: number, phase (null: not written since), verdict, and the columns that both have. Rows that do not fit are
 * put aside. Gives what was brought over, as a condition on the source, and on the target where there is no key.
 */
export async function stagePair(two: Two, pair: Pair): Promise<Result<string>> {
  const made = await two.target.query(tableFor(pair));
  if (!made.ok) return made;
  const which = await brought(two, pair);
  if (!which.ok) return which;
  const { since, phase } = two.written;
  const into = `${pair.rows}(lastgood_phase, lastgood_extra, ${list(pair.columns)})`;
  const told = `CASE WHEN ${since("t")} THEN ${phase("t")} END`;
  const select = `SELECT ${told}, ${extra(pair)}, ${list(pair.columns, "t")} FROM ${pair.source.from} t WHERE ${which.value}`;
  const shipped = await ship(two.source, select, two.target, into);
  if (!shipped.ok) return shipped;
  const fitted = await fitTypes(two.target, pair);
  if (!fitted.ok) return fitted;
  const parked = await two.target.query(parkHomeless(pair));
  if (!parked.ok) return parked;
  const index = pair.key === null ? [] : [`CREATE INDEX ON ${pair.rows}(${list(pair.key)})`];
  const done = await inTurn(two.target, [...index, `ANALYZE ${pair.rows}`]);
  return done.ok ? ok(which.value) : done;
}

async function brought({ source, target, written }: Two, pair: Pair): Promise<Result<string>> {
  if (pair.key !== null) {
    const users = written.migrated && !written.doubtful ? ` AND ${written.phase("t")} = 'u'` : "";
    return ok(`${written.since("t")}${users}`);
  }
  // Without a key only the content tells: whatever lies in buckets that are not the same in both.
  const text = rowText(pair.columns, "t");
  const differing = await differingBuckets(
    { session: source, from: pair.source.from, where: "true", text },
    { session: target, from: pair.target.from, where: "true", text },
    Math.max(pair.source.rowsAbout, pair.target.rowsAbout),
  );
  if (!differing.ok) return differing;
  return ok(inBuckets(text, differing.value));
}

/** Rows of a table that only the source has. The migration's own are made again by the migration. */
export async function parkTableOf({ source, target, written }: Two, table: Table): Promise<Result<number>> {
  const names = table.columns.filter(({ generated }) => !generated).map(({ name }) => name);
  const key = table.uniques.find((one) => one.key !== null)?.key;
  const rowKey = key ? rowText(key, "t") : "NULL";
  const users = written.migrated && !written.doubtful ? ` AND ${written.phase("t")} = 'u'` : "";
  const select = `SELECT ${quoteText(table.name)}, ${rowKey}, 'no table', ${asJson(names)} FROM ${table.from} t WHERE ${written.since("t")}${users}`;
  return ship(source, select, target, parkTable);
}

function tableFor({ rows, columns, target, map }: Pair): string {
  const same = new Map(map.shared.map(({ name, sameType }) => [name, sameType]));
  const columnOf = (name: string) => {
    const column = target.columns.find((one) => one.name === name);
    return `${quoteName(name)} ${same.get(name) ? (column?.plainType ?? "text") : "text"}`;
  };
  return `CREATE TEMP TABLE ${rows}(lastgood_n bigint GENERATED ALWAYS AS IDENTITY, lastgood_phase text,
    lastgood_extra text, lastgood_verdict text, lastgood_nth bigint${columns.map((name) => `, ${columnOf(name)}`).join("")})`;
}

/** Values of columns that the target lacks, as texts; NULL where there are none. */
function extra({ map }: Pair): string {
  return map.homeless.length === 0 ? "NULL" : `nullif(${asJson(map.homeless)}, '{}')::text`;
}

function asJson(names: readonly string[]): string {
  const keys = names.map(quoteText).join(", ");
  const values = names.map((name) => `t.${quoteName(name)}::text`).join(", ");
  return `jsonb_strip_nulls(json_object(ARRAY[${keys}]::text[], ARRAY[${values}]::text[])::jsonb)`;
}

function parkHomeless({ name, rows, key, columns }: Pair): string {
  return `INSERT INTO ${parkTable} SELECT ${quoteText(name)}, ${rowText(key ?? columns, "s")}, 'no column', lastgood_extra::jsonb
    FROM ${rows} s WHERE lastgood_extra IS NOT NULL AND lastgood_phase IS NOT NULL`;
}

/** Columns whose type differs come as text: they get the target's type, or the row is put aside. */
async function fitTypes(session: SqlSession, pair: Pair): Promise<Result<void>> {
  const differing = pair.map.shared.filter(({ sameType }) => !sameType).map(({ name }) => name);
  const columns = differing.flatMap((name) => pair.target.columns.find((one) => one.name === name) ?? []);
  const asides = [...columns.map((column) => typeAside(column)), ...ruleAsides(pair)];
  if (asides.length === 0) return ok(undefined);
  const fits = await session.query(fitsFunction);
  if (!fits.ok) return fits;
  for (const column of columns) {
    const done = await inTurn(session, [
      putAside(pair, typeAside(column)),
      `ALTER TABLE ${pair.rows} ALTER ${quoteName(column.name)} TYPE ${column.plainType} USING ${quoteName(column.name)}::${column.plainType}`,
    ]);
    if (!done.ok) return done;
  }
  const ruled = await inTurn(
    session,
    ruleAsides(pair).map((rule) => putAside(pair, rule)),
  );
  return ruled.ok ? ok(undefined) : ruled;
}

/** A cast that fails raises; this says so instead. */
const fitsFunction = `CREATE OR REPLACE FUNCTION pg_temp.lastgood_fits(given text, wanted text) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN EXECUTE format('SELECT %L::%s', given, wanted); RETURN true; EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN RETURN false; END $$`;

function typeAside({ name, plainType }: CatalogColumn): string {
  return `${quoteName(name)} IS NOT NULL AND NOT pg_temp.lastgood_fits(${quoteName(name)}, ${quoteText(plainType)})`;
}

/** What the target demands and the source may not. */
function ruleAsides({ target, source, columns }: Pair): readonly string[] {
  const loose = target.columns.filter(
    ({ name, notNull }) =>
      notNull && columns.includes(name) && source.columns.some((one) => one.name === name && !one.notNull),
  );
  const checks = target.checks.filter((check) => !source.checks.includes(check));
  return [
    ...loose.map(({ name }) => `${quoteName(name)} IS NULL`),
    ...checks.map((check) => `NOT (${check})`),
  ];
}

function putAside({ name, rows, key, columns }: Pair, which: string): string {
  const content = columns.map((column) => `${quoteText(column)}, s.${quoteName(column)}::text`);
  const json = chunks(content, 40).map((some) => `jsonb_build_object(${some.join(", ")})`);
  return `WITH aside AS (DELETE FROM ${rows} s WHERE ${which} RETURNING ${rowText(key ?? columns, "s")} AS k, ${json.join(" || ")} AS c)
    INSERT INTO ${parkTable} SELECT ${quoteText(name)}, k, 'does-not-fit', c FROM aside`;
}

function chunks<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return all.length <= size ? [all] : [all.slice(0, size), ...chunks(all.slice(size), size)];
}

/** How many rows of the source the migration wrote and nobody else. */
export async function migrationRows({ source, written }: Two, pair: Pair): Promise<Result<number>> {
  if (!written.migrated || written.doubtful) return ok(0);
  const asked = await numbersOf<"n">(
    source,
    `SELECT count(*) AS n FROM ${pair.source.from} t WHERE ${written.since("t")} AND ${written.phase("t")} = 'm'`,
  );
  return asked.ok ? ok(asked.value.n) : asked;
}
