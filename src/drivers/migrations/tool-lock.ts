// The lock that a migration tool holds while it works: nothing goes down meanwhile, and it waits for us.
import type { Tool } from "../../core/migrations/status.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { SqlSession } from "../../ports/sql.ts";

/** Prisma's own number, in its schema engine. Drizzle and plain SQL have none. */
const locks: Partial<Record<Tool, number>> = { prisma: 72_707_369 };

/** Until the transaction ends. `busy` with who holds it. */
export async function toolLock(session: SqlSession, tool: Tool): Promise<Result<void>> {
  const lock = locks[tool];
  if (lock === undefined) return ok(undefined);
  const taken = await session.query(`SELECT pg_try_advisory_xact_lock(${lock}) AS ours`);
  if (!taken.ok) return taken;
  if (taken.value.rows[0]?.["ours"] === "t") return ok(undefined);
  const holder =
    await session.query(`SELECT a.pid, a.application_name AS app, to_char(a.backend_start, 'HH24:MI:SS') AS since
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = ${lock} AND l.objsubid = 1`);
  const [row] = holder.ok ? holder.value.rows : [];
  const who = row ? `session ${row["pid"]} (${row["app"] || "unnamed"}, since ${row["since"]})` : "somebody";
  return problem(
    "busy",
    `${tool} migrates this database now: ${who} holds its lock`,
    "wait until it is done, then say it again",
  );
}
