// Rows that the target has and the source lacks: what was deleted in the source since the two parted.
import { ok, type Result } from "../../../../core/result.ts";
import { inTurn, list, rowText, sameKey } from "./ask.ts";
import { differingBuckets, inBuckets } from "./buckets.ts";
import type { Pair } from "./pairs.ts";
import { ship } from "./ship.ts";
import type { Two } from "./stage.ts";

/**
 * `gone`: key and verdict, or where there is no key the row's place. Rows that somebody wrote into the target since
 * are none: whether they were there before cannot be told, and the newer write counts.
 * `brought` is the condition that `stagePair` gave.
 */
export async function stageGone(two: Two, pair: Pair, brought: string): Promise<Result<void>> {
  const done =
    pair.key === null
      ? await inTurn(two.target, byContent(two, pair, brought))
      : await byKey(two, pair, pair.key, brought);
  return done.ok ? ok(undefined) : done;
}

async function byKey(two: Two, pair: Pair, key: readonly string[], brought: string): Promise<Result<number>> {
  const { source, target } = pair;
  const keys = `${pair.gone}_keys`;
  const made = await inTurn(two.target, [
    `CREATE TEMP TABLE ${pair.gone} AS SELECT ${list(key)}, NULL::text AS lastgood_verdict FROM ${pair.rows} WHERE false`,
    `CREATE TEMP TABLE ${keys} AS SELECT ${list(key)} FROM ${pair.rows} WHERE false`,
  ]);
  if (!made.ok) return made;
  const text = rowText(key, "t");
  const older = `NOT ${two.newer.since("t")}`;
  const fresh = `NOT EXISTS (SELECT FROM ${pair.rows} s WHERE ${sameKey(key, "s", "t")})`;
  const differing = await differingBuckets(
    { session: two.source, from: source.from, where: `NOT (${brought})`, text },
    { session: two.target, from: target.from, where: `${older} AND ${fresh}`, text },
    Math.max(source.rowsAbout, target.rowsAbout),
  );
  if (!differing.ok || differing.value.buckets.length === 0) return differing.ok ? ok(0) : differing;
  const within = inBuckets(text, differing.value);
  const shipped = await ship(
    two.source,
    `SELECT ${list(key, "t")} FROM ${source.from} t WHERE ${within}`,
    two.target,
    `${keys}(${list(key)})`,
  );
  if (!shipped.ok) return shipped;
  return inTurn(two.target, [
    `ANALYZE ${keys}`,
    `INSERT INTO ${pair.gone} SELECT ${list(key, "t")} FROM ${target.from} t WHERE ${within} AND ${older} AND ${fresh}
       AND NOT EXISTS (SELECT FROM ${keys} k WHERE ${sameKey(key, "k", "t")})`,
    `DROP TABLE ${keys}`,
    `CREATE INDEX ON ${pair.gone}(${list(key)})`,
    `ANALYZE ${pair.gone}`,
  ]);
}

/** Equal rows are numbered on both sides: the third of three here has no partner among two there. */
function byContent(two: Two, pair: Pair, brought: string): readonly string[] {
  const { rows, gone, columns } = pair;
  const nth = (alias: string) => `row_number() OVER (PARTITION BY ${rowText(columns, alias)})`;
  return [
    `UPDATE ${rows} s SET lastgood_nth = x.nth FROM (SELECT t.lastgood_n, ${nth("t")} AS nth FROM ${rows} t) x WHERE x.lastgood_n = s.lastgood_n`,
    `CREATE TEMP TABLE ${gone} AS SELECT x.lastgood_table, x.lastgood_place, NULL::text AS lastgood_verdict
       FROM (SELECT t.tableoid AS lastgood_table, t.ctid AS lastgood_place, ${two.newer.since("t")} AS newer,
          ${rowText(columns, "t")} AS content, ${nth("t")} AS nth FROM ${pair.target.from} t WHERE ${brought}) x
       WHERE NOT x.newer AND NOT EXISTS (SELECT FROM ${rows} s WHERE ${rowText(columns, "s")} = x.content AND s.lastgood_nth = x.nth)`,
    `DELETE FROM ${rows} s USING (SELECT ${rowText(columns, "t")} AS content, ${nth("t")} AS nth FROM ${pair.target.from} t WHERE ${brought}) x
       WHERE ${rowText(columns, "s")} = x.content AND s.lastgood_nth = x.nth`,
    `DELETE FROM ${rows} WHERE lastgood_phase IS NULL`,
  ];
}
