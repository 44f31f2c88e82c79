// When a row version was written, told from its `xmin`: SQL texts for the inside of a query.
import { ok, problem, type Result } from "../../../../core/result.ts";
import {
  isFromElsewhere,
  isTooOld,
  parseSnapshot,
  type Snapshot,
} from "../../../../core/salvage/snapshot.ts";
import { type MigrationWindow, mayHideUsers, windowsSince } from "../../../../core/salvage/window.ts";
import type { SqlSession } from "../../../../ports/sql.ts";

/** From here on a database counts; and when migrations wrote in it, where any ran. */
export type Since = {
  /** `pg_current_snapshot()` as text, of the moment itself. */
  readonly at: string;
  /** The backup of that moment; null for a moment of another kind. */
  readonly backup: string | null;
  /** All that are known, also earlier ones. */
  readonly migrated: readonly MigrationWindow[];
};

/** Against the server's clock of transactions as it stands in this session's transaction. */
export type Written = {
  /** True for rows written since: also for those of transactions that were open then. */
  since(alias: string): string;
  /** `u` users, `m` migration; only for rows written since. */
  phase(alias: string): string;
  /** Among the rows of a migration may be some that users wrote while it ran, or before it and it wrote again. */
  readonly doubtful: boolean;
  readonly migrated: boolean;
};

/** Ids 0 to 2 are no transactions: rows with them are older than anything. */
const FIRST_ID = 3;
const LOW_HALF = 4_294_967_295n;

/**
 * Rows carry the low half of their transaction's id. Counted from the snapshot's own id, modulo 2^32, it is exact
 * in every epoch, as long as fewer than 2^32 transactions began since. A row that was frozen longer ago than that
 * can fall into the same numbers: it then counts as written, which costs a look and loses nothing.
 */
export async function writtenSince(session: SqlSession, since: Since | null): Promise<Result<Written>> {
  if (since === null) return ok(everything);
  const asked = await session.query("SELECT pg_current_snapshot()::text AS now");
  if (!asked.ok) return asked;
  const now = parseSnapshot(asked.value.rows[0]?.["now"] ?? "");
  const from = parseSnapshot(since.at);
  if (from === null || now === null)
    return problem("damaged", `"${since.at}" is no snapshot`, "take a new backup: lastgood backup now");
  const untold = whyUntold(from, now);
  if (untold !== null)
    return problem("failed", untold, "compare the databases by hand, or take a new backup");
  return ok(texts(since, from, now));
}

/** Where nothing says from when on: all rows, to be told apart by what is in them. */
const everything: Written = { since: () => "true", phase: () => "'u'", doubtful: false, migrated: false };

function whyUntold(from: Snapshot, now: Snapshot): string | null {
  const cannot = "what was written since cannot be told from the rows";
  if (isFromElsewhere(from, now))
    return `${cannot}: the server's history begins after the backup's (it was put back to an earlier time, or is another one)`;
  if (isTooOld(from, now)) return `${cannot}: more than 4 billion transactions began since the backup`;
  return null;
}

function texts({ backup, migrated }: Since, from: Snapshot, now: Snapshot): Written {
  const windows = windowsSince(migrated, from, now);
  const id = (alias: string) => `${alias}.xmin::text::bigint`;
  const after = (alias: string) => `((${id(alias)} - ${from.xmin}) & ${LOW_HALF})`;
  const since = (alias: string) =>
    // In this order: nearly all rows of a large table are done with after the first half.
    `(${after(alias)} < ${now.xmax - from.xmin} AND ${id(alias)} >= ${FIRST_ID})`;
  const full = (alias: string) => `(${from.xmin} + ${after(alias)})::text::xid8`;
  const within = (alias: string, at: string) =>
    `pg_catalog.pg_visible_in_snapshot(${full(alias)}, '${at}'::pg_catalog.pg_snapshot)`;
  const during = (alias: string, { before, after: ended }: MigrationWindow) =>
    `(NOT ${within(alias, before)} AND ${within(alias, ended)})`;
  const phase = (alias: string) =>
    windows.length === 0
      ? "'u'"
      : `CASE WHEN ${windows.map((one) => during(alias, one)).join(" OR ")} THEN 'm' ELSE 'u' END`;
  return {
    since,
    phase,
    migrated: windows.length > 0,
    doubtful: windows.some((one) => mayHideUsers(one, from, backup)),
  };
}
