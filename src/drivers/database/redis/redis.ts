// A Redis that keeps state, with a way back: snapshots while it is written, drills, and restores that can be returned.
import { isAbsolute } from "node:path";
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import type { BackupCare, BackupFile } from "../../../ports/backup-care.ts";
import type { Backup, Database } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import { passEpoch } from "../epoch.ts";
import { makeTurns } from "../turns.ts";
import { readMark } from "./commit.ts";
import { type Context, type RedisStoreConfig, type RedisStoreDeps, withLive } from "./context.ts";
import { keepFile } from "./keep.ts";
import { listed } from "./listed.ts";
import { backupOf, filePath, findManifest, manifestPath, readManifest } from "./manifest.ts";
import { position, rehearse, since } from "./rehearse.ts";
import { prepare, restore } from "./restore.ts";
import { settleKept } from "./settle.ts";
import { withProved } from "./stage.ts";
import { take } from "./take.ts";

export type { RedisStoreConfig, RedisStoreDeps } from "./context.ts";

const notOurs = { version: "", runId: "", role: "", memoryBytes: 0, appendOnly: false, eviction: "" };

/** See `Database` in the ports for what each verb promises; its tables are the numbered databases: `db0`. */
export function redisStore(
  config: RedisStoreConfig,
  deps: RedisStoreDeps,
): { readonly database: Database; readonly care: BackupCare } {
  assert(isAbsolute(config.backupDir), "paths of a store are absolute");
  assert(Number.isInteger(config.keep) && config.keep >= 1, "at least one snapshot must be kept");
  const context: Context = { ...deps, config, using: new Set() };
  const turns = makeTurns();
  const { signal } = new AbortController();
  const settled = <T>(work: () => Promise<Result<T>>) =>
    turns(async () => {
      const done = await settleKept(context, signal);
      return done.ok ? work() : done;
    });
  return {
    database: {
      backUp: (op, label) => turns(() => take(context, op, label), op.signal),
      backups: () => turns(() => listed(context)),
      rehearse: (id) => settled(() => rehearse(context, id)),
      prepare: (op, id) => turns(() => prepare(context, op, id), op.signal),
      restore: (op, id) => turns(() => restore(context, op, id), op.signal),
      marker: () => turns(() => marker(context)),
      position: () => turns(() => position(context)),
    },
    care: {
      since: (id) => turns(() => since(context, id)),
      verify: (id) => settled(() => verify(context, id)),
      files: (id) => settled(() => filesOf(context, id)),
      intake: (op, path) => turns(() => intake(context, op, path), op.signal),
      ask: async () =>
        problem("usage", "Redis answers no SQL", "take integrity: out, or name a database beside it"),
    },
  };
}

async function marker(context: Context): Promise<Result<string | null>> {
  return withLive(context, async (live) => {
    const mark = await readMark(live);
    return mark.ok ? ok(mark.value?.op ?? null) : mark;
  });
}

/** Its bytes first, then all that is in it. */
async function verify(context: Context, id: string): Promise<Result<void>> {
  const found = await findManifest(context, id);
  if (!found.ok) return found;
  return withProved(context, found.value, new AbortController().signal, async () => ok(undefined));
}

async function filesOf(context: Context, id: string): Promise<Result<readonly BackupFile[]>> {
  const found = await findManifest(context, id);
  if (!found.ok) return found;
  return ok([
    { name: `${id}.rdb`, path: filePath(context, id) },
    { name: `${id}.json`, path: manifestPath(context, id) },
  ]);
}

/** An RDB file from elsewhere. */
async function intake(context: Context, op: Op, path: string): Promise<Result<Backup>> {
  const passed = await passEpoch({ ...context, ...context.config, subject: "redis" }, op);
  if (!passed.ok) return passed;
  const id = `intake-${op.id}`;
  const done = await readManifest(context, id);
  if (!done.ok) return done;
  if (done.value !== null) return ok(backupOf(done.value));
  const about = { id, op: op.id, at: context.clock.now(), store: null, server: notOurs };
  const made = await keepFile(context, path, about, op.signal);
  return made.ok ? ok(backupOf(made.value)) : made;
}
