// The row of a migration in its tool's own table comes or goes, in the way that the tool understands.
import type { Tool } from "../../core/migrations/status.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { SqlSession } from "../../ports/sql.ts";
import { findLedger, type LedgerTable } from "./ledgers.ts";
import type { Up } from "./ups.ts";

export type Row = { readonly name: string; readonly failed: boolean };

/** `conflict` where it is not there any more, or not as it was. */
export async function takeRow(
  session: SqlSession,
  tool: Tool,
  { sql, nameColumn }: LedgerTable,
  { name, failed }: Row,
): Promise<Result<void>> {
  const row = await session.query(`${statement(tool, sql, failed)} ${nameColumn}::text = $1`, [name]);
  if (!row.ok) return row;
  return row.value.count === 1
    ? ok(undefined)
    : problem("conflict", `${name} is not applied any more`, "see lastgood migrate status");
}

/** Prisma keeps failed rows with their logs, and reads `rolled_back_at`; its own command does it for failed ones alone. */
function statement(tool: Tool, table: string, failed: boolean): string {
  if (tool !== "prisma") return `DELETE FROM ${table} WHERE`;
  const state = `rolled_back_at IS NULL AND finished_at IS ${failed ? "" : "NOT "}NULL AND`;
  return failed
    ? `UPDATE ${table} SET rolled_back_at = now() WHERE ${state}`
    : `DELETE FROM ${table} WHERE ${state}`;
}

/**
 * On a copy: as if the tool had applied them. An older release may look into the table when it starts. Where there is
 * no such table yet, or it is the user's own and wants more than a name, it is left as it is.
 */
export async function noteApplied(
  session: SqlSession,
  { tool, ledger: wanted }: { readonly tool: Tool; readonly ledger: string },
  ups: readonly Up[],
): Promise<Result<void>> {
  const ledger = await findLedger(session, tool, wanted);
  if (!ledger.ok) return ledger;
  if (ledger.value === null) return ok(undefined);
  for (const { name, digest } of ups) {
    const { sql, params } = insertion(tool, ledger.value, name, digest);
    const row = await session.query(sql, params);
    if (!row.ok && tool !== "sql") return row;
  }
  return ok(undefined);
}

function insertion(tool: Tool, { sql, nameColumn }: LedgerTable, name: string, digest: string) {
  if (tool === "prisma")
    return {
      sql: `INSERT INTO ${sql}(id, checksum, migration_name, started_at, finished_at, applied_steps_count)
        VALUES (gen_random_uuid()::text, $1, $2, now(), now(), 1)`,
      params: [digest, name],
    };
  if (tool === "drizzle")
    return { sql: `INSERT INTO ${sql}(hash, created_at) VALUES ($1, $2::bigint)`, params: [digest, name] };
  return { sql: `INSERT INTO ${sql}(${nameColumn}) VALUES ($1)`, params: [name] };
}
