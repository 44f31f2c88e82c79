// Where two tables differ, without moving them: rows fall into buckets by a hash, and only unlike buckets are looked into.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { rowsOf } from "./ask.ts";

export type Side = {
  readonly session: SqlSession;
  /** For FROM; the alias is `t`. */
  readonly from: string;
  readonly where: string;
  /** What is compared, as one text. */
  readonly text: string;
};

export type Differing = { readonly count: number; readonly buckets: readonly number[] };

const ROWS_IN_A_BUCKET = 256;
const MOST_BUCKETS = 65_536;

/** Sums of 64-bit hashes: two buckets that differ look alike once in 2^64 times. */
export async function differingBuckets(a: Side, b: Side, rowsAbout: number): Promise<Result<Differing>> {
  const count = 2 ** Math.ceil(Math.log2(Math.min(MOST_BUCKETS, Math.max(1, rowsAbout / ROWS_IN_A_BUCKET))));
  const [first, second] = await Promise.all([digests(a, count), digests(b, count)]);
  if (!first.ok) return first;
  if (!second.ok) return second;
  const buckets: number[] = [];
  for (const bucket of new Set([...first.value.keys(), ...second.value.keys()]))
    if (first.value.get(bucket) !== second.value.get(bucket)) buckets.push(bucket);
  return ok({ count, buckets });
}

/** True for rows of the alias `t` that lie in one of the buckets. */
export function inBuckets(text: string, { count, buckets }: Differing): string {
  return `${bucketOf(text, count)} = ANY('{${buckets.join(",")}}'::bigint[])`;
}

function bucketOf(text: string, count: number): string {
  return `(hashtextextended(${text}, 0) & ${count - 1})`;
}

async function digests(
  { session, from, where, text }: Side,
  count: number,
): Promise<Result<ReadonlyMap<number, string>>> {
  const asked = await rowsOf(
    session,
    `SELECT ${bucketOf("x", count)} AS bucket, count(*) || ':' || sum(hashtextextended(x, 1)) AS digest
       FROM (SELECT ${text} AS x FROM ${from} t WHERE ${where} OFFSET 0) t GROUP BY 1`,
  );
  if (!asked.ok) return asked;
  return ok(new Map(asked.value.map((row) => [Number(row["bucket"]), row["digest"] ?? ""])));
}
