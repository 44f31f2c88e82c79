// backUp: a consistent copy of the running database, proved whole before its manifest makes it exist.
import { basename, join } from "node:path";
import { type BackupProgressInfo, backup as copyOnline, type DatabaseSync } from "node:sqlite";
import { expired, type Kept } from "../../../core/backups/retention.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Backup, FileOwner } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import { passEpoch } from "../epoch.ts";
import { passLabel } from "../kept-label.ts";
import { cancelled } from "../turns.ts";
import { type Context, epochPlace, presentLive, removeDatabase, roomFor } from "./context.ts";
import { inspect } from "./inspect.ts";
import {
  backupOf,
  dataPath,
  dropBackup,
  hashFile,
  listManifests,
  type Manifest,
  readManifest,
  writeManifest,
} from "./manifest.ts";
import { beginRead, single, usingLive } from "./open.ts";
import { damaged } from "./problem.ts";
import { settleSwaps } from "./settle.ts";

/** Copied between two looks at the op's signal. */
const PAGES_AT_ONCE = 2_000;
const LABEL_CHARS_MAX = 100;
const USUAL_PAGE_BYTES = 4_096;

export async function backUp(context: Context, op: Op, label: string): Promise<Result<Backup>> {
  const free = passLabel(label);
  if (!free.ok) return free;
  const fence = await passEpoch(epochPlace(context), op);
  if (!fence.ok) return fence;
  const live = await presentLive(context);
  if (!live.ok) return live;
  const settled = await settleSwaps(context, live.value);
  if (!settled.ok) return settled;

  const id = `${fileSafe(label)}-${op.id}`;
  const done = await alreadyWhole(context, live.value, id);
  if (!done.ok) return done;
  if (done.value) return ok(backupOf(done.value));
  const swept = await sweepParts(context);
  if (!swept.ok) return swept;

  const part = join(context.config.backupDir, `${id}.sqlite.part`);
  const made = await copyAndProve(context, op, live.value, { id, part });
  if (made.ok) {
    await prune(context, live.value); // what could not be removed now is tried again by the next backup
    return ok(backupOf(made.value));
  }
  await removeDatabase(context, part); // the reason is what the caller needs; sweepParts removes it later
  return made;
}

/** The same op again: what it made before, or null after half of it (or a damaged one) was removed. */
export async function alreadyWhole(
  context: Context,
  live: string,
  id: string,
): Promise<Result<Manifest | null>> {
  const known = await readManifest(context, id);
  if (!known.ok || known.value === null) return known;
  const hash = await hashFile(context.files, dataPath(context, live, known.value));
  if (hash.ok && hash.value.sha256 === known.value.sha256) return known;
  if (!hash.ok && hash.error.code !== "missing") return hash;
  const dropped = await dropBackup(context, live, known.value);
  return dropped.ok ? ok(null) : dropped;
}

/** Leftovers of backups that never ended. Their name is ours alone, and one backup runs at a time. */
async function sweepParts(context: Context): Promise<Result<void>> {
  const names = await context.files.list(context.config.backupDir);
  if (!names.ok) return names;
  for (const name of names.value.filter((one) => one.includes(".sqlite.part"))) {
    const removed = await context.files.remove(join(context.config.backupDir, name));
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

async function copyAndProve(
  context: Context,
  op: Op,
  live: string,
  { id, part }: { id: string; part: string },
): Promise<Result<Manifest>> {
  const at = context.clock.now();
  const owner = await context.swap.owner(live);
  if (!owner.ok) return owner;
  if (owner.value === null) return problem("missing", `${live} went away meanwhile`, "run again", live);
  const copied = await copyLive(context, op, live, part);
  if (!copied.ok) return copied;
  return prove(context, op, { live, id, part, at, owner: owner.value.owner, journalMode: copied.value });
}

export type Copied = {
  readonly live: string;
  readonly id: string;
  /** The whole copy, under a name that does not count yet. */
  readonly part: string;
  readonly at: number;
  readonly owner: FileOwner;
  readonly journalMode: string;
};

/** From a copy to a backup: checked, hashed, and its manifest written last. */
export async function prove(context: Context, op: Op, made: Copied): Promise<Result<Manifest>> {
  const { live, id, part, at } = made;
  const content = await inspect(context, { path: part, as: "still", check: "full", digests: true });
  if (!content.ok) return content.error.code === "damaged" ? damaged(live, content.error.what) : content;
  if (content.value.damage !== null) return damaged(live, content.value.damage);
  const hash = await hashFile(context.files, part);
  if (!hash.ok) return hash;
  if (op.signal.aborted) return cancelled();
  const manifest: Manifest = {
    version: 1,
    id,
    op: op.id,
    at,
    ...hash.value,
    rows: content.value.rows,
    place: "backups",
    checked: true,
    foreignKeyErrors: content.value.foreignKeyErrors,
    digests: content.value.digests,
    journalMode: made.journalMode,
    owner: made.owner,
    rehearsed: null,
  };
  const synced = await context.swap.sync(part);
  if (!synced.ok) return synced;
  const named = await context.swap.rename(part, dataPath(context, live, manifest));
  if (!named.ok) return named;
  const written = await writeManifest(context, manifest);
  return written.ok ? ok(manifest) : written;
}

/** Returns the journal mode of the live database. */
async function copyLive(context: Context, op: Op, live: string, part: string): Promise<Result<string>> {
  const size = await usingLive(
    context,
    live,
    (db) => Number(single(db, "PRAGMA page_count")) * Number(single(db, "PRAGMA page_size")),
  );
  if (!size.ok) return size;
  const room = await roomFor(context, context.config.backupDir, size.value);
  if (!room.ok) return room;
  // Made before SQLite does, because it holds the app's data and SQLite would let everybody read it.
  const made = await context.files.replace(part, "", 0o600);
  if (!made.ok) return made;
  const mode = await usingLive(context, live, (db) =>
    copyMoment(db, part, op.signal, tellCopied(context, live)),
  );
  if (!mode.ok) return mode;
  return mode.value === null ? cancelled() : ok(mode.value);
}

/**
 * One moment of the database, whatever its app writes meanwhile. Without the open transaction each foreign write
 * would begin the copy anew, and under steady writes it would never end. In WAL mode nobody waits for it; in
 * rollback-journal mode writers do, for the time of the copy (their busy timeout decides).
 */
async function copyMoment(
  db: DatabaseSync,
  part: string,
  signal: AbortSignal,
  tell: (at: BackupProgressInfo) => void,
): Promise<string | null> {
  const stopped = new Error("stopped between two batches");
  const mode = String(single(db, "PRAGMA journal_mode"));
  beginRead(db);
  try {
    const progress = (at: BackupProgressInfo) => {
      tell(at);
      if (signal.aborted) throw stopped;
    };
    await copyOnline(db, part, { rate: PAGES_AT_ONCE, progress });
    return mode;
  } catch (error) {
    if (error === stopped) return null;
    throw error;
  }
}

/** In pages of the usual size: the real one is nobody's business here, and the share is the same. */
function tellCopied({ tell }: Context, live: string): (at: BackupProgressInfo) => void {
  return ({ totalPages, remainingPages }) =>
    tell?.({
      what: `copying ${basename(live)}`,
      unit: "bytes",
      done: (totalPages - remainingPages) * USUAL_PAGE_BYTES,
      total: totalPages * USUAL_PAGE_BYTES,
    });
}

/**
 * Keep the newest, of backups, of kept databases and of damaged ones each, one of each day, week and month as wanted,
 * and the newest that a rehearsal proved.
 * Called only after a new backup is whole, so there is never a moment with fewer good ones.
 */
export async function prune(context: Context, live: string): Promise<Result<void>> {
  const all = await listManifests(context, live);
  if (!all.ok) return all;
  const { keep, also } = context.config;
  const made = all.value.filter((one) => one.place === "backups");
  // What a restore replaced has no days and weeks: it stays until newer restores push it out.
  const kept = all.value.filter((one) => one.place === "beside");
  const gone = new Set([
    ...expired(made.map(asKept), { newest: keep, daily: 0, weekly: 0, monthly: 0, ...also }),
    ...expired(kept.map(asKept), { newest: keep, daily: 0, weekly: 0, monthly: 0 }),
  ]);
  for (const manifest of all.value.filter(({ id }) => gone.has(id))) {
    const dropped = await dropBackup(context, live, manifest);
    if (!dropped.ok) return dropped;
  }
  return ok(undefined);
}

function asKept({ id, at, rehearsed, damaged: why }: Manifest): Kept {
  return { id, at, proved: rehearsed !== null, damaged: why !== undefined };
}

/** Labels carry versions, and versions may be branch names. */
export function fileSafe(label: string): string {
  const safe = label.replace(/[^A-Za-z0-9._+-]/g, "_").replace(/^[^A-Za-z0-9]/, "x");
  return safe.slice(0, LABEL_CHARS_MAX) || "backup";
}
