// The row of a migration in its tool's own table goes, in the way that the tool understands.
import type { Tool } from "../../core/migrations/status.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { SqlSession } from "../../ports/sql.ts";
import type { LedgerTable } from "./ledgers.ts";

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
