// Sequences of the target go on where both databases have been, so that no number is given out a second time.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { quoteName, quoteText } from "../names.ts";
import { rowsOf } from "./ask.ts";
import { ourSchema } from "./catalog.ts";

type Sequence = {
  readonly name: string;
  readonly last: bigint;
  readonly called: boolean;
  readonly down: boolean;
};

const listSql = `SELECT n.nspname AS schema, c.relname AS name, s.seqincrement < 0 AS down
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ('${ourSchema}') AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1, 2`;

/** Sequences of the source that gave out numbers. */
export type GivenOut = readonly Sequence[];

/**
 * How many were moved. They only ever move on, and a sequence does not come back with a transaction: after a crash
 * numbers are skipped, as they are after every failed insert.
 */
export async function raiseSequences(source: SqlSession, target: SqlSession): Promise<Result<number>> {
  const here = await readSequences(source);
  return here.ok ? raiseTo(target, here.value) : here;
}

export async function raiseTo(target: SqlSession, given: GivenOut): Promise<Result<number>> {
  const there = await readSequences(target);
  if (!there.ok) return there;
  const sources = new Map(given.map((one) => [one.name, one]));
  const behind = there.value.flatMap((now) => {
    const was = sources.get(now.name);
    return was?.called && isBehind(now, was) ? [`setval(${quoteText(now.name)}, ${was.last}, true)`] : [];
  });
  if (behind.length === 0) return ok(0);
  const done = await target.query(`SELECT ${behind.join(", ")}`);
  return done.ok ? ok(behind.length) : done;
}

function isBehind(now: Sequence, was: Sequence): boolean {
  if (now.last === was.last) return !now.called;
  return now.down ? now.last > was.last : now.last < was.last;
}

export async function readSequences(session: SqlSession): Promise<Result<GivenOut>> {
  const listed = await rowsOf(session, listSql);
  if (!listed.ok || listed.value.length === 0) return listed.ok ? ok([]) : listed;
  const each = listed.value.map(({ schema, name, down }) => {
    const full = `${quoteName(String(schema))}.${quoteName(String(name))}`;
    return `SELECT ${quoteText(full)} AS name, last_value, is_called, ${down === "t"} AS down FROM ${full}`;
  });
  const read = await rowsOf(session, each.join(" UNION ALL "));
  if (!read.ok) return read;
  return ok(
    read.value.map((row) => ({
      name: String(row["name"]),
      last: BigInt(row["last_value"] ?? "0"),
      called: row["is_called"] === "t",
      down: row["down"] === "t",
    })),
  );
}
