// Who is in the database that is to be copied: idle ones are ended, of those at work nobody is touched.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { rowsOf } from "../rows.ts";

export type Inside = {
  readonly idle: readonly string[];
  /** In words; empty where nobody works. */
  readonly atWork: readonly string[];
};

/** The server's own housekeeping gives way by itself. What a role may not see counts as work. */
const LOOK = `SELECT pid, usename, application_name AS name, state, backend_type AS kind FROM pg_stat_activity
  WHERE datname = $1 AND usename IS NOT NULL ORDER BY backend_start`;

export async function whoIsInside(session: SqlSession, database: string): Promise<Result<Inside>> {
  const found = await rowsOf(session, LOOK, [database]);
  if (!found.ok) return found;
  const isIdle = (row: (typeof found.value)[number]) =>
    row["kind"] === "client backend" && row["state"] === "idle";
  return ok({
    idle: found.value.filter(isIdle).map((row) => row["pid"] ?? "0"),
    atWork: found.value
      .filter((row) => !isIdle(row))
      .map(
        (row) =>
          `${row["name"] || `process ${row["pid"]}`} as ${row["usename"]} (${row["state"] ?? row["kind"]})`,
      ),
  });
}

/** Asked and told in one statement: who began to work a moment ago is left alone. */
export async function endIdle(session: SqlSession, pids: readonly string[]): Promise<Result<void>> {
  const told = await session.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY($1::int[]) AND state = 'idle'",
    [pids],
  );
  return told.ok ? ok(undefined) : told;
}
