// Plain SQL goes down: the scripts, the rows of the ledger and our marker, in one transaction.
import { outsideOnly, withoutTransaction } from "../../core/migrations/sql-text.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { SqlSession } from "../../ports/sql.ts";
import type { LedgerTable } from "./ledgers.ts";

export type Script = { readonly name: string; readonly sql: string };

const marks = "lastgood.migrated";
const LOCK_WAIT = "10s";
/** Two of these never run at once on one database. */
const LOCK = 5_208_113_907;

/** Newest first, as they go down. Names that went down; those of the op's first time where it was done before. */
export async function goDown(
  session: SqlSession,
  op: Op,
  ledger: LedgerTable,
  scripts: readonly Script[],
): Promise<Result<readonly string[]>> {
  const done = await inside(session, op, ledger, scripts);
  const ended = await session.query(done.ok ? "COMMIT" : "ROLLBACK");
  return done.ok && !ended.ok ? ended : done;
}

async function inside(
  session: SqlSession,
  op: Op,
  ledger: LedgerTable,
  scripts: readonly Script[],
): Promise<Result<readonly string[]>> {
  const begun =
    await session.query(`BEGIN; SET LOCAL lock_timeout = '${LOCK_WAIT}'; SET LOCAL synchronous_commit = on;
    SELECT pg_advisory_xact_lock(${LOCK}); CREATE SCHEMA IF NOT EXISTS lastgood;
    CREATE TABLE IF NOT EXISTS ${marks}(op text PRIMARY KEY, epoch bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), names jsonb NOT NULL)`);
  if (!begun.ok) return begun;
  const before = await doneBefore(session, op);
  if (!before.ok || before.value !== null) return before.ok ? ok(before.value ?? []) : before;
  for (const { name, sql } of scripts) {
    if (op.signal.aborted)
      return problem("cancelled", "called off; nothing was changed", "run again if it is still wanted");
    const one = await downOne(session, ledger, name, sql);
    if (!one.ok) return one;
  }
  const names = scripts.map(({ name }) => name);
  const marked = await session.query(`INSERT INTO ${marks}(op, epoch, names) VALUES ($1, $2, $3)`, [
    op.id,
    op.epoch,
    JSON.stringify(names),
  ]);
  return marked.ok ? ok(names) : marked;
}

async function doneBefore(session: SqlSession, op: Op): Promise<Result<readonly string[] | null>> {
  const asked = await session.query(
    `SELECT (SELECT names::text FROM ${marks} WHERE op = $1) AS names, (SELECT max(epoch) FROM ${marks}) AS epoch`,
    [op.id],
  );
  if (!asked.ok) return asked;
  const row = asked.value.rows[0];
  if (row?.["names"] != null) return ok(JSON.parse(row["names"]) as string[]);
  if (Number(row?.["epoch"] ?? 0) <= op.epoch) return ok(null);
  return problem(
    "fenced",
    `epoch ${op.epoch} is over: the database has seen epoch ${row?.["epoch"]}`,
    "another controller took over; stop this one",
  );
}

/** The row goes first: where somebody else took it down meanwhile, nothing is run a second time. */
async function downOne(
  session: SqlSession,
  ledger: LedgerTable,
  name: string,
  sql: string,
): Promise<Result<void>> {
  const apart = outsideOnly(sql);
  if (apart !== null)
    return problem(
      "refused",
      `the way down from ${name} has ${apart}, which does not go with one transaction: half of it could stay`,
      "run it by hand, or restore the backup from before it: lastgood restore",
    );
  const row = await session.query(`DELETE FROM ${ledger.sql} WHERE ${ledger.nameColumn}::text = $1`, [name]);
  if (!row.ok) return row;
  if (row.value.count !== 1)
    return problem("conflict", `${name} is not applied any more`, "see lastgood migrate status");
  const ran = await session.query(withoutTransaction(sql));
  if (ran.ok) return ok(undefined);
  const { code, what, next } = ran.error;
  return problem(code, `the way down from ${name} failed, and nothing of it stays: ${what}`, next);
}
