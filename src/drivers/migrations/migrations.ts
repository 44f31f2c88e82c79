// Migrations of a PostgreSQL database, told from the tool's own table and the release's own folder.
import { isAbsolute } from "node:path";
import {
  chooseDown,
  compareMigrations,
  downBy,
  type MigrationStatus,
  type Shipped,
} from "../../core/migrations/status.ts";
import { assert, ok, problem, type Result } from "../../core/result.ts";
import type { DownPlan, DownWish, Migrations } from "../../ports/migrations.ts";
import type { Op } from "../../ports/op.ts";
import type { SqlSession } from "../../ports/sql.ts";
import type { MigrationsConfig, MigrationsDeps } from "./config.ts";
import { calledIn, downText, readFolder, sqlFolder } from "./folders.ts";
import { findLedger, ledgerName, readLedger } from "./ledgers.ts";
import { goDown, type Script } from "./sql-down.ts";

/** See `Migrations` in the ports. */
export function migrations(config: MigrationsConfig, deps: MigrationsDeps): Migrations {
  assert(isAbsolute(config.folder), "the folder of migrations is absolute");
  return {
    status: async () => {
      const seen = await see(config, deps);
      return seen.ok ? ok(seen.value.status) : seen;
    },
    planDown: (wish) => planDown(config, deps, wish),
    down: (op, names) => withSession(deps, (session) => down(config, deps, session, { op, names })),
  };
}

type Seen = { readonly status: MigrationStatus; readonly shipped: readonly Shipped[] };

function see(config: MigrationsConfig, deps: MigrationsDeps): Promise<Result<Seen>> {
  return withSession(deps, async (session) => {
    const { tool, table } = config;
    const ledger = await findLedger(session, tool, table);
    if (!ledger.ok) return ledger;
    const applied = ledger.value === null ? ok(null) : await readLedger(session, tool, ledger.value);
    if (!applied.ok) return applied;
    const shipped = await readFolder(deps.files, config, applied.value ?? []);
    if (!shipped.ok) return shipped;
    const status = compareMigrations(tool, ledgerName(tool, table), applied.value, shipped.value);
    return ok({ status, shipped: shipped.value });
  });
}

async function planDown(
  config: MigrationsConfig,
  deps: MigrationsDeps,
  wish: DownWish,
): Promise<Result<DownPlan>> {
  const seen = await see(config, deps);
  if (!seen.ok) return seen;
  const chosen = chooseDown(seen.value.status, seen.value.shipped, wish);
  if (!chosen.ok) return problem("refused", chosen.why, chosen.next);
  return ok({ names: chosen.names, by: downBy[config.tool] === "us" ? "us" : "its own tool" });
}

async function down(
  config: MigrationsConfig,
  { files }: MigrationsDeps,
  session: SqlSession,
  { op, names }: { readonly op: Op; readonly names: readonly string[] },
): Promise<Result<readonly string[]>> {
  assert(downBy[config.tool] === "us", `${config.tool} goes down by its own tool`);
  const ledger = await findLedger(session, config.tool, config.table);
  if (!ledger.ok) return ledger;
  if (ledger.value === null)
    return problem("missing", "nothing was migrated yet", "see lastgood migrate status");
  const applied = await readLedger(session, config.tool, ledger.value);
  if (!applied.ok) return applied;
  const listed = await sqlFolder(files, config.folder);
  if (!listed.ok) return listed;
  const scripts: Script[] = [];
  for (const name of names) {
    // Also where its row is gone: the op may have been done before.
    const rows = [...applied.value, { name, digest: null, at: null, failed: false, batch: null }];
    const file = listed.value.find((one) => calledIn(rows, one) === name);
    const sql = file === undefined ? ok(null) : await downText(files, config.folder, file);
    if (!sql.ok) return sql;
    if (sql.value === null)
      return problem(
        "missing",
        `${name} has no written way down in ${config.folder}`,
        "restore instead: lastgood restore",
      );
    scripts.push({ name, sql: sql.value });
  }
  return goDown(session, op, ledger.value, scripts);
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
