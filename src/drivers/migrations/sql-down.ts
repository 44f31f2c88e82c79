// SQL goes down: the scripts, the rows of the tool's table and our marker, in one transaction.
import { outsideOnly, withoutTransaction } from "../../core/migrations/sql-text.ts";
import type { Tool } from "../../core/migrations/status.ts";
import { type Going, valueWords } from "../../core/migrations/way.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { SqlSession } from "../../ports/sql.ts";
import { readCatalog, shapeOf } from "./catalog.ts";
import { countGoing } from "./going.ts";
import { takeRow } from "./ledger-row.ts";
import type { LedgerTable } from "./ledgers.ts";
import { toolLock } from "./tool-lock.ts";

export type Script = {
  readonly name: string;
  readonly sql: string;
  /** Its row says that it failed. */
  readonly failed: boolean;
  /** Digests of the schema that it starts from and leads to; null where its author wrote it, and nobody tried. */
  readonly tried: { readonly from: string; readonly to: string } | null;
  /** What it takes along or narrows; null where nobody found out. */
  readonly going: readonly Going[] | null;
};

export type Down = {
  readonly tool: Tool;
  readonly ledger: LedgerTable;
  /** Newest first, as they go down. */
  readonly scripts: readonly Script[];
  /** Refused where anything of now would go along. */
  readonly lossless: boolean;
};

const marks = "lastgood.migrated";
const LOCK_WAIT = "10s";
/** Of users' requests, which wait for what is lossless. */
const LOCK_WAIT_HELD = "2s";
/** Two of these never run at once on one database. */
const LOCK = 5_208_113_907;

/** Names that went down; those of the op's first time where it was done before. */
export async function goDown(session: SqlSession, op: Op, down: Down): Promise<Result<readonly string[]>> {
  const done = await inside(session, op, down);
  const ended = await session.query(done.ok ? "COMMIT" : "ROLLBACK");
  return done.ok && !ended.ok ? ended : done;
}

/** What an op took down, as the database itself knows it; null where it did not. */
export async function wentDown(session: SqlSession, op: string): Promise<Result<readonly string[] | null>> {
  const there = await session.query("SELECT to_regclass($1) AS there", [marks]);
  if (!there.ok) return there;
  if (there.value.rows[0]?.["there"] == null) return ok(null);
  const asked = await session.query(`SELECT names::text FROM ${marks} WHERE op = $1`, [op]);
  if (!asked.ok) return asked;
  const names = asked.value.rows[0]?.["names"];
  return ok(names == null ? null : (JSON.parse(names) as string[]));
}

async function inside(session: SqlSession, op: Op, down: Down): Promise<Result<readonly string[]>> {
  const begun =
    await session.query(`BEGIN; SET LOCAL lock_timeout = '${down.lossless ? LOCK_WAIT_HELD : LOCK_WAIT}'; SET LOCAL synchronous_commit = on;
    SELECT pg_advisory_xact_lock(${LOCK}); CREATE SCHEMA IF NOT EXISTS lastgood;
    CREATE TABLE IF NOT EXISTS ${marks}(op text PRIMARY KEY, epoch bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), names jsonb NOT NULL)`);
  if (!begun.ok) return begun;
  const before = await doneBefore(session, op);
  if (!before.ok || before.value !== null) return before.ok ? ok(before.value ?? []) : before;
  const locked = await toolLock(session, down.tool);
  if (!locked.ok) return locked;
  for (const script of down.scripts) {
    if (op.signal.aborted)
      return problem("cancelled", "called off; nothing was changed", "run again if it is still wanted");
    const one = await downOne(session, down, script);
    if (!one.ok) return one;
  }
  const names = down.scripts.map(({ name }) => name);
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
  { tool, ledger, lossless }: Down,
  script: Script,
): Promise<Result<void>> {
  const { name, sql, tried } = script;
  const apart = outsideOnly(sql);
  if (apart !== null)
    return problem(
      "refused",
      `the way down from ${name} has ${apart}, which does not go with one transaction: half of it could stay`,
      "run it by hand, or restore the backup from before it: lastgood restore",
    );
  const row = await takeRow(session, tool, ledger, script);
  if (!row.ok) return row;
  const from = await standsAt(session, ledger, tried?.from ?? null);
  if (!from.ok) return from;
  if (!from.value) return elsewhere(name, "the schema is not the one that its way down was tried on");
  const empty = lossless ? await takesNothing(session, script) : ok(undefined);
  if (!empty.ok) return empty;
  const ran = await session.query(withoutTransaction(sql));
  if (!ran.ok) {
    const { code, what, next } = ran.error;
    return problem(code, `the way down from ${name} failed, and nothing of it stays: ${what}`, next);
  }
  const to = await standsAt(session, ledger, tried?.to ?? null);
  if (!to.ok) return to;
  return to.value ? ok(undefined) : elsewhere(name, "the way down led to another schema than on the copy");
}

/** The locks stay until the transaction ends: what was not there when it was counted can't come. */
async function takesNothing(session: SqlSession, { name, going }: Script): Promise<Result<void>> {
  if (going === null) return stays(name, "nobody knows what the way down takes along");
  const tables = [...new Set(going.map(({ table }) => table))];
  if (tables.length > 0) {
    const locked = await session.query(`LOCK TABLE ${tables.join(", ")} IN ACCESS EXCLUSIVE MODE`);
    if (!locked.ok) return locked;
  }
  const takes = await countGoing(session, going);
  if (!takes.ok) return takes;
  if (takes.value.length === 0) return ok(undefined);
  return stays(name, `${valueWords(takes.value)} of now would go along`);
}

function stays(name: string, why: string): Result<never> {
  return problem(
    "refused",
    `${name} does not go down by itself: ${why}; nothing was changed`,
    "lastgood migrate down --plan shows it; lastgood rollback takes the code back alone",
  );
}

async function standsAt(
  session: SqlSession,
  { table }: LedgerTable,
  wanted: string | null,
): Promise<Result<boolean>> {
  if (wanted === null) return ok(true);
  const read = await readCatalog(session, table);
  return read.ok ? ok(shapeOf(read.value) === wanted) : read;
}

export function elsewhere(name: string, what: string): Result<never> {
  return problem(
    "conflict",
    `${name} cannot go down: ${what}; nothing was changed`,
    "somebody changed it by hand: take that back, or restore the backup from before it: lastgood restore",
  );
}
