// The snapshot that everything of a backup comes from, held open until the dump has been written.
import { ok, problem, type Result } from "../../../core/result.ts";
import { parseSnapshot } from "../../../core/salvage/snapshot.ts";
import type { DatabaseMoment } from "../../../core/salvage/window.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import type { Context } from "./context.ts";
import { inSession, rowsOf } from "./rows.ts";

export type Snapshot = {
  /** For `pg_dump --snapshot`. */
  readonly exported: string;
  /** `xmin:xmax:xips`. */
  readonly s0: string;
  /** Why rows written since cannot be told exactly by it; null where they can. */
  readonly inexact: string | null;
  readonly lsn: string;
  readonly timeline: number;
};

/** How long a moment without open writes is waited for. Under constant load there is none. */
const QUIET_MS = 2_000;
const RETRY_MS = 10;

const BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const LOOK = `SELECT pg_current_snapshot() AS s0, pg_snapshot_xmin(pg_current_snapshot()) = pg_snapshot_xmax(pg_current_snapshot()) AS quiet,
  CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END AS lsn,
  (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline`;

/**
 * Begins a transaction on the session and leaves it open. A snapshot lists open transactions and not their savepoints,
 * so rows of a savepoint that is open now would be missed later: one without open writes (xmin = xmax) is waited for.
 */
export async function takeSnapshot(
  session: SqlSession,
  clock: Clock,
  signal: AbortSignal,
): Promise<Result<Snapshot>> {
  const until = clock.elapsed() + QUIET_MS;
  for (;;) {
    const begun = await session.query(BEGIN);
    if (!begun.ok) return begun;
    const looked = await rowsOf(session, LOOK);
    if (!looked.ok) return looked;
    const row = looked.value[0];
    const quiet = row?.["quiet"] === "t";
    if (quiet || clock.elapsed() >= until || signal.aborted) {
      const exported = await rowsOf(session, "SELECT pg_export_snapshot() AS id");
      if (!exported.ok) return exported;
      const s0 = row?.["s0"] ?? "";
      return ok({
        exported: exported.value[0]?.["id"] ?? "",
        s0,
        inexact: quiet ? null : openWrites(s0),
        lsn: row?.["lsn"] ?? "0/0",
        timeline: Number(row?.["timeline"] ?? 0),
      });
    }
    const ended = await session.query("ROLLBACK");
    if (!ended.ok) return ended;
    await clock.sleep(RETRY_MS, signal);
  }
}

const NOW = `SELECT pg_current_snapshot()::text AS snapshot, CASE WHEN pg_is_in_recovery()
  THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END AS position`;

/** See `Database.moment`. */
export function momentNow(context: Context): Promise<Result<DatabaseMoment>> {
  return inSession(context.app, context.database, async (session) => {
    const asked = await rowsOf(session, NOW);
    if (!asked.ok) return asked;
    const { snapshot = null, position = null } = asked.value[0] ?? {};
    const now = parseSnapshot(snapshot ?? "");
    if (snapshot === null || position === null || now === null)
      return problem("failed", "the server did not say where its transactions stand", "run again");
    return ok({ snapshot, epoch: Number(now.xmax >> 32n), position });
  });
}

function openWrites(s0: string): string {
  const open = s0.split(":")[2]?.split(",").filter(Boolean).length ?? 0;
  return `${open} transaction${open === 1 ? " was" : "s were"} writing at that moment; if one of them was inside a savepoint, its rows are found by key only`;
}
