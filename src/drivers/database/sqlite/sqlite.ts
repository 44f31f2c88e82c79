// A SQLite database with a way back: backups while it is written, rehearsals, and restores that can be returned.
import { isAbsolute } from "node:path";
import { assert, ok, type Result } from "../../../core/result.ts";
import type { BackupCare } from "../../../ports/backup-care.ts";
import type { Backup, Database } from "../../../ports/database.ts";
import type { Salvage } from "../../../ports/salvage.ts";
import { makeTurns } from "../turns.ts";
import { backUp } from "./back-up.ts";
import { sqliteCare } from "./care.ts";
import { type Context, presentLive, type SqliteConfig, type SqliteDeps } from "./context.ts";
import { identityOf, inspect } from "./inspect.ts";
import { backupOf, listManifests } from "./manifest.ts";
import { rehearse } from "./rehearse.ts";
import { restore } from "./restore.ts";
import { sqliteSalvage } from "./salvage.ts";
import { appliedMarks } from "./settle.ts";

export type { SqliteConfig, SqliteDeps } from "./context.ts";

/** See `Database` in the ports for what each verb promises, and docs of `SqliteConfig` for the settings. */
export function sqliteDatabase(config: SqliteConfig, deps: SqliteDeps): Database {
  return sqliteWithCare(config, deps).database;
}

export function sqliteWithCare(
  config: SqliteConfig,
  deps: SqliteDeps,
): { readonly database: Database; readonly care: BackupCare; readonly salvage: Salvage } {
  assert(isAbsolute(config.file) && isAbsolute(config.backupDir), "paths of a database are absolute");
  assert(Number.isInteger(config.keep) && config.keep >= 1, "at least one backup must be kept");
  const context: Context = { ...deps, config };
  const live = makeTurns();
  const rehearsals = makeTurns();
  const database: Database = {
    backUp: (op, label) => live(() => backUp(context, op, label), op.signal),
    backups: () => backups(context),
    rehearse: (id, look) =>
      rehearsals(() => rehearse(context, id, { liveTurns: live, ...(look ? { look } : {}) })),
    restore: (op, id) => live(() => restore(context, op, id), op.signal),
    marker: () => live(() => marker(context)),
    position: makePosition(context, live),
  };
  return { database, care: sqliteCare(context, live), salvage: sqliteSalvage(context, live) };
}

async function backups(context: Context): Promise<Result<readonly Backup[]>> {
  const live = await context.swap.real(context.config.file);
  if (!live.ok) return live;
  const all = await listManifests(context, live.value);
  return all.ok ? ok(all.value.map(backupOf)) : all;
}

async function marker(context: Context): Promise<Result<string | null>> {
  const live = await presentLive(context);
  if (!live.ok) return live;
  const marks = await appliedMarks(context, live.value);
  return marks.ok ? ok(marks.value.at(-1)?.op ?? null) : marks;
}

/**
 * sha256 over the rows of all tables in their own order, and over the schema: one read of everything, about 60 MB/s.
 * SQLite's own counters will not do: the file's change counter stands still in WAL mode, data_version means
 * something only inside one connection. Where it would take too long the answer is a word that is never given twice.
 */
function makePosition(context: Context, turns: ReturnType<typeof makeTurns>): Database["position"] {
  let asked = 0;
  const once = () =>
    `unread-${context.clock.bootId()}-${context.clock.elapsed()}-${context.clock.now()}-${++asked}`;
  return () =>
    turns(async () => {
      const live = await presentLive(context);
      if (!live.ok) return live;
      const content = await inspect(context, { path: live.value, as: "live", check: "none", digests: true });
      if (!content.ok) return content;
      const identity = identityOf(content.value);
      return ok(identity === null ? once() : `rows-${identity}`);
    });
}
