// What was written into the live database since a backup: one look at each table, through the backup's own snapshot.
import { ok, problem, type Result } from "../../../../core/result.ts";
import {
  type Changes,
  isChanged,
  type TableChanges,
  tableChanges,
} from "../../../../core/salvage/changes.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { tableName } from "../manifest.ts";
import { findManifest } from "../store.ts";
import { numbersOf, settled } from "./ask.ts";
import { ourSchema, readTables, type Table } from "./catalog.ts";
import { type Beginning, beginningOf } from "./lineage.ts";
import { whatIsKnown, withLive } from "./open.ts";
import { type Written, writtenSince } from "./xmin.ts";

/** See `Salvage.since` in the ports. */
export async function since(
  context: Context,
  backup: string,
  signal?: AbortSignal,
): Promise<Result<Changes>> {
  const wanted = await findManifest(context, backup);
  if (!wanted.ok) return wanted;
  return withLive(context, async (live) => {
    const known = await whatIsKnown(context, live);
    if (!known.ok) return known;
    const beginning = beginningOf(wanted.value, known.value);
    if (!beginning.ok) return beginning;
    const begun = await live.query(`${settled}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
    return begun.ok ? count(live, backup, beginning.value, signal) : begun;
  });
}

async function count(
  live: SqlSession,
  backup: string,
  beginning: Beginning,
  signal?: AbortSignal,
): Promise<Result<Changes>> {
  const written = await writtenSince(live, beginning.since);
  if (!written.ok) return written;
  const tables = await readTables(live);
  if (!tables.ok) return tables;
  const found: TableChanges[] = [];
  const then = new Map(
    beginning.tables
      ?.filter(({ schema }) => schema !== ourSchema)
      .map((table) => [tableName(table), table.rows] as const),
  );
  for (const table of tables.value) {
    if (signal?.aborted) return calledOff();
    const counted = await countTable(live, table, written.value);
    if (!counted.ok) return counted;
    const { now, users, migration } = counted.value;
    const before = beginning.tables === null ? "unknown" : (then.get(table.name) ?? null);
    found.push(tableChanges(table.name, { before, now, users, migration }));
    then.delete(table.name);
  }
  for (const [table, rows] of then)
    found.push(tableChanges(table, { before: rows, now: null, users: 0, migration: 0 }));
  const changed = found.filter(isChanged).sort((a, b) => (a.table < b.table ? -1 : 1));
  return ok({ backup, tables: changed, gaps: gapsOf(beginning, written.value, changed, tables.value) });
}

function countTable(live: SqlSession, table: Table, written: Written) {
  const phase = `CASE WHEN ${written.since("t")} THEN ${written.phase("t")} END`;
  return numbersOf<"now" | "users" | "migration">(
    live,
    `SELECT count(*) AS now, count(*) FILTER (WHERE phase = 'u') AS users,
       count(*) FILTER (WHERE phase = 'm') AS migration FROM (SELECT ${phase} AS phase FROM ${table.from} t) x`,
  );
}

function gapsOf(
  beginning: Beginning,
  written: Written,
  changed: readonly TableChanges[],
  tables: readonly Table[],
): readonly string[] {
  const gaps: string[] = [];
  if (beginning.inexact !== null)
    gaps.push(
      `transactions were open at the backup (${beginning.inexact}): their rows count as written since`,
    );
  if (beginning.tables === null) gaps.push("rows that were deleted since are not counted here");
  const rewritten = changed.filter(({ migration }) => migration > 0 && written.doubtful);
  for (const { table, migration } of rewritten)
    gaps.push(
      `${table}: among the ${migration} rows that the migration wrote may be some that users wrote just before it`,
    );
  const mixed = changed.filter(({ deleted }) => deleted === null).map(({ table }) => table);
  if (mixed.length > 0)
    gaps.push(
      `${mixed.join(", ")}: counts alone cannot tell changed rows from deleted ones; salvage can, by key`,
    );
  const keyless = new Set(
    tables.filter(({ uniques }) => !uniques.some(({ key }) => key)).map(({ name }) => name),
  );
  const without = changed.filter(({ table }) => keyless.has(table)).map(({ table }) => table);
  if (without.length > 0)
    gaps.push(`${without.join(", ")}: no key, so rows are told apart by their content only`);
  return gaps;
}

function calledOff(): Result<never> {
  return problem("cancelled", "called off while counting", "run again if it is still wanted");
}
