// A PostgreSQL database with a way back: backups while it is written, drills, and restores that can be returned.
import { ok, type Result } from "../../../core/result.ts";
import type { BackupCare } from "../../../ports/backup-care.ts";
import type { Backup, Database } from "../../../ports/database.ts";
import type { Salvage } from "../../../ports/salvage.ts";
import type { SqlClient } from "../../../ports/sql.ts";
import { makeTurns, type Turns } from "../turns.ts";
import { backUp } from "./back-up.ts";
import { postgresCare } from "./care.ts";
import type { Context, PostgresConfig, PostgresDeps } from "./context.ts";
import { takeCopy } from "./copies/take.ts";
import { copies, type WithCopy } from "./copy.ts";
import { rehearse } from "./drill.ts";
import { lookAtLadder } from "./ladder.ts";
import type { Manifest } from "./manifest.ts";
import { openContext } from "./open.ts";
import { makePosition } from "./position.ts";
import { prepareRestore, restore } from "./restore/run.ts";
import { postgresSalvage } from "./salvage/salvage.ts";
import { sweepScratches } from "./scratch.ts";
import { momentNow } from "./snapshot.ts";
import { backupOf, folderOf, listManifests } from "./store.ts";
import { atDesk } from "./swap/entry.ts";
import { marker } from "./swap/probe.ts";

export type { PostgresConfig, PostgresDeps } from "./context.ts";

export type PostgresWithCare = {
  /** Of the live database. */
  readonly name: string;
  readonly database: Database;
  readonly care: BackupCare;
  readonly salvage: Salvage;
  /** As the app's role. */
  readonly sql: SqlClient;
  /** Beside the live database, to try things on. */
  readonly copy: WithCopy;
  /** For what stands beside the driver and shares its turns. */
  readonly context: Context;
  readonly changes: Turns;
};

/** See the ports for what each verb promises, and docs of `PostgresConfig` for the settings. Connects to nothing yet. */
export function postgresWithCare(config: PostgresConfig, deps: PostgresDeps): Result<PostgresWithCare> {
  const opened = openContext(config, deps);
  if (!opened.ok) return opened;
  const context = opened.value;
  const changes = makeTurns();
  const drills = makeTurns();
  const database: Database = {
    backUp: (op, label, copied) => changes(() => backUp(context, op, label, copied), op.signal),
    backups: () => backups(context),
    rehearse: (id, look) => drills(() => rehearse(context, id, look)),
    prepare: (op, id) => changes(() => prepareRestore(context, op, id), op.signal),
    restore: (op, id) => changes(() => restore(context, op, id), op.signal),
    marker: () => marker(context),
    position: makePosition(context),
    moment: () => momentNow(context),
    copies: {
      look: () => atDesk(context, (desk) => lookAtLadder(context, desk)),
      take: (op) => changes(() => takeCopy(context, op), op.signal),
    },
    sweep: () => drills(() => sweepScratches(context)),
  };
  return ok({
    name: context.database,
    database,
    care: postgresCare(context, changes),
    salvage: postgresSalvage(context),
    sql: context.app,
    copy: copies(context),
    context,
    changes,
  });
}

async function backups(context: Context): Promise<Result<readonly Backup[]>> {
  const all = await listManifests(context);
  if (!all.ok) return all;
  const listed: Backup[] = [];
  for (const manifest of all.value) {
    const whole = await wholeBySize(context, manifest);
    if (!whole.ok) return whole;
    listed.push(backupOf(whole.value));
  }
  return ok(listed);
}

/** A cheap look: are the files there, with the sizes that they had? The digests are compared before a restore. */
async function wholeBySize(context: Context, manifest: Manifest): Promise<Result<Manifest>> {
  const folder = folderOf(context, manifest);
  if (folder === null) return ok(manifest);
  for (const { path, bytes } of manifest.files) {
    const stat = await context.files.stat(`${folder}/${path}`);
    if (!stat.ok) return stat;
    if (stat.value === null) return ok({ ...manifest, damaged: `its file ${path} is missing` });
    if (stat.value.size !== bytes)
      return ok({ ...manifest, damaged: `${path} has ${stat.value.size} bytes instead of ${bytes}` });
  }
  return ok(manifest);
}
