// The tool's own table beside the folder that the release ships.
import { compareMigrations, type MigrationStatus, type Shipped } from "../../core/migrations/status.ts";
import { ok, type Result } from "../../core/result.ts";
import type { SqlSession } from "../../ports/sql.ts";
import type { MigrationsConfig, MigrationsDeps } from "./config.ts";
import { readFolder } from "./folders.ts";
import { findLedger, ledgerName, readLedger } from "./ledgers.ts";

export type Seen = { readonly status: MigrationStatus; readonly shipped: readonly Shipped[] };

export async function see(
  session: SqlSession,
  config: MigrationsConfig,
  { files }: Pick<MigrationsDeps, "files">,
): Promise<Result<Seen>> {
  const { tool, table } = config;
  const ledger = await findLedger(session, tool, table);
  if (!ledger.ok) return ledger;
  const applied = ledger.value === null ? ok(null) : await readLedger(session, tool, ledger.value);
  if (!applied.ok) return applied;
  const shipped = await readFolder(files, config, applied.value ?? []);
  if (!shipped.ok) return shipped;
  const status = compareMigrations(tool, ledgerName(tool, table), applied.value, shipped.value);
  return ok({ status, shipped: shipped.value });
}
