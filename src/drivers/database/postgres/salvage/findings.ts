// What was judged, as counts by table, with a few keys of every conflict.
import { ok, type Result } from "../../../../core/result.ts";
import {
  type Conflict,
  conflicts,
  type TableFindings,
  type Verdict,
} from "../../../../core/salvage/verdict.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { rowsOf, rowText } from "./ask.ts";
import type { Pair, Pairs } from "./pairs.ts";
import { parkTable } from "./stage.ts";

const KEYS_SHOWN = 5;

/** Only tables where there is something to say. `migration`: rows that the migration wrote, by table. */
export async function findingsOf(
  target: SqlSession,
  pairs: Pairs,
  migration: ReadonlyMap<string, number>,
): Promise<Result<readonly TableFindings[]>> {
  const parked = await parkedBy(target);
  if (!parked.ok) return parked;
  const found: TableFindings[] = [];
  for (const pair of pairs.pairs) {
    const told = await tell(target, pair, parked.value.get(pair.name) ?? [], migration.get(pair.name) ?? 0);
    if (!told.ok) return told;
    found.push(told.value);
  }
  for (const { name } of pairs.homeless) {
    const values = parked.value.get(name)?.reduce((sum, { rows }) => sum + rows, 0) ?? 0;
    found.push({
      table: name,
      verdicts: {},
      conflicts: [],
      homeless: [{ column: null, values }],
      migration: 0,
    });
  }
  return ok(found.filter(saysSomething));
}

type Parked = {
  readonly why: string;
  readonly column: string | null;
  readonly rows: number;
  readonly keys: string[];
};

async function tell(
  target: SqlSession,
  { name, rows, gone, key, columns }: Pair,
  parked: readonly Parked[],
  migration: number,
): Promise<Result<TableFindings>> {
  const keyOf = rowText(key ?? columns, "s");
  const goneKey = key === null ? "s.lastgood_place::text" : rowText(key, "s");
  const told = await rowsOf(
    target,
    `SELECT verdict, count(*) AS rows, to_json((array_agg(k ORDER BY k))[1:${KEYS_SHOWN}])::text AS keys FROM (
      SELECT lastgood_verdict AS verdict, ${keyOf} AS k FROM ${rows} s
      UNION ALL SELECT lastgood_verdict, ${goneKey} FROM ${gone} s) x GROUP BY verdict`,
  );
  if (!told.ok) return told;
  const unfit = parked.filter(({ why }) => why === "does-not-fit");
  const all = [
    ...told.value.map((row) => ({
      why: String(row["verdict"]),
      rows: Number(row["rows"]),
      keys: keysOf(row["keys"]),
    })),
    ...unfit,
  ];
  const verdicts: Partial<Record<Verdict, number>> = {};
  for (const one of all) verdicts[one.why as Verdict] = (verdicts[one.why as Verdict] ?? 0) + one.rows;
  return ok({
    table: name,
    verdicts,
    conflicts: all
      .filter(({ why }) => Object.hasOwn(conflicts, why))
      .map(({ why, rows: count, keys }) => ({ why: why as Conflict, rows: count, keys })),
    homeless: parked.flatMap(({ why, column, rows: values }) =>
      why === "no column" ? [{ column, values }] : [],
    ),
    migration,
  });
}

function saysSomething({ verdicts, homeless, migration }: TableFindings): boolean {
  const rows = Object.entries(verdicts).some(([verdict, count]) => verdict !== "same" && count > 0);
  return rows || migration > 0 || homeless.some(({ values }) => values > 0);
}

async function parkedBy(target: SqlSession): Promise<Result<ReadonlyMap<string, Parked[]>>> {
  const asked = await rowsOf(
    target,
    `SELECT relation, why, name AS column, count(*) AS rows, to_json((array_agg(row_key ORDER BY row_key))[1:${KEYS_SHOWN}])::text AS keys
       FROM ${parkTable} p LEFT JOIN LATERAL jsonb_object_keys(p.content) k(name) ON p.why = 'no column'
       GROUP BY relation, why, name ORDER BY relation, why, name`,
  );
  if (!asked.ok) return asked;
  const by = new Map<string, Parked[]>();
  for (const row of asked.value) {
    const relation = String(row["relation"]);
    const parked = {
      why: String(row["why"]),
      column: row["column"] ?? null,
      rows: Number(row["rows"]),
      keys: keysOf(row["keys"]),
    };
    by.set(relation, [...(by.get(relation) ?? []), parked]);
  }
  return ok(by);
}

function keysOf(text: string | null | undefined): string[] {
  return (JSON.parse(text ?? "[]") as (string | null)[]).filter((key) => key !== null);
}
