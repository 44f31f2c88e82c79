// Migrations of a PostgreSQL database, told from the tool's own table, the release's own folder, and ways down that we keep.
import { isAbsolute } from "node:path";
import { assert, ok, problem, type Result } from "../../core/result.ts";
import type { DownCare, Migrations } from "../../ports/migrations.ts";
import type { Op } from "../../ports/op.ts";
import type { SqlSession } from "../../ports/sql.ts";
import type { MigrationsConfig, MigrationsDeps } from "./config.ts";
import { planDown, scriptsFor } from "./down.ts";
import { keptWays } from "./kept-ways.ts";
import { findLedger, readLedger } from "./ledgers.ts";
import { proveWays } from "./prove-ways.ts";
import { type Seen, see } from "./see.ts";
import { goDown, wentDown } from "./sql-down.ts";

/** See `Migrations` in the ports. */
export function migrations(config: MigrationsConfig, deps: MigrationsDeps): Migrations {
  assert(isAbsolute(config.folder) && isAbsolute(config.kept), "folders of migrations are absolute");
  const inSession = <T>(work: (session: SqlSession) => Promise<Result<T>>) => withSession(deps, work);
  const seeing = <T>(work: (session: SqlSession, seen: Seen) => Promise<Result<T>>) =>
    inSession(async (session) => {
      const seen = await see(session, config, deps);
      return seen.ok ? work(session, seen.value) : seen;
    });
  return {
    status: () => seeing(async (_, { status }) => ok(status)),
    ways: () => keptWays(deps.files, config.kept),
    prove: (op, release, tryOn = null) =>
      seeing((session, seen) => proveWays(config, deps, { session, seen, op, release, tryOn })),
    planDown: (wish) => seeing((session, seen) => planDown(config, deps, { session, seen }, wish)),
    down: (op, names, care = { lossless: false }) =>
      inSession((session) => down(config, deps, session, { op, names, care })),
    wentDown: (op) => inSession((session) => wentDown(session, op)),
  };
}

async function down(
  config: MigrationsConfig,
  deps: MigrationsDeps,
  session: SqlSession,
  { op, names, care }: { readonly op: Op; readonly names: readonly string[]; readonly care: DownCare },
): Promise<Result<readonly string[]>> {
  const { tool, table } = config;
  const ledger = await findLedger(session, tool, table);
  if (!ledger.ok) return ledger;
  if (ledger.value === null)
    return problem("missing", "nothing was migrated yet", "see lastgood migrate status");
  const applied = await readLedger(session, tool, ledger.value);
  if (!applied.ok) return applied;
  const scripts = await scriptsFor(config, deps, applied.value, names);
  if (!scripts.ok) return scripts;
  return goDown(session, op, { tool, ledger: ledger.value, scripts: scripts.value, ...care });
}

async function withSession<T>(
  { sql }: MigrationsDeps,
  work: (session: SqlSession) => Promise<Result<T>>,
): Promise<Result<T>> {
  const session = await sql.connect();
  if (!session.ok) return session;
  try {
    return await work(session.value);
  } finally {
    await session.value.close();
  }
}
