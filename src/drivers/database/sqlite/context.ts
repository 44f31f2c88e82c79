// What every part of the SQLite driver is given, and where its files stand.
import { join } from "node:path";
import type { Retention } from "../../../core/backups/retention.ts";
import { limits } from "../../../core/limits.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { FileSwap, OpenedBy } from "../../../ports/database.ts";
import type { Files } from "../../../ports/files.ts";
import type { Tell } from "../../../ports/progress.ts";
import type { EpochPlace } from "../epoch.ts";

export type SqliteConfig = {
  /** Absolute path of the live database. May be a symbolic link. */
  readonly file: string;
  /** Absolute path of a folder for the backups of this database alone. */
  readonly backupDir: string;
  /** How many backups stay, and apart from them how many databases that a restore replaced. At least 1. */
  readonly keep: number;
  /** Of backups, beside the newest ones: one of each of so many days, weeks and months. */
  readonly also?: Omit<Retention, "newest">;
};

export type SqliteDeps = {
  readonly files: Files;
  readonly swap: FileSwap;
  readonly clock: Clock;
  /** Without it only SQLite's own locks tell that somebody has the database open. */
  readonly openedBy?: OpenedBy;
  /** Told while long acts last. */
  readonly tell?: Tell;
};

export type Context = SqliteDeps & { readonly config: SqliteConfig };

/** Files that SQLite puts beside a database. Left beside another one they would corrupt it. */
export const sidecars = ["-wal", "-shm", "-journal"] as const;

/** A copy needs its own size and room for SQLite to work in. */
const ROOM_FACTOR = 1.3;

/** Where the epoch of this database is kept. */
export function epochPlace({ files, config }: Context): EpochPlace {
  return { files, backupDir: config.backupDir, subject: config.file };
}

export function manifestPath({ config }: Context, id: string): string {
  return join(config.backupDir, `${id}.json`);
}

export function keptPath(live: string, op: string): string {
  return `${live}.before-${op}`;
}

export function preparedPath(live: string, op: string): string {
  return `${live}.restore-${op}`;
}

/** The real path of the live database; `missing` where nothing is there. */
export async function presentLive(context: Context): Promise<Result<string>> {
  const path = await context.swap.real(context.config.file);
  if (!path.ok) return path;
  const stat = await context.files.stat(path.value);
  if (!stat.ok) return stat;
  if (stat.value !== null) return path;
  const next = "check the path in lastgood.yml; if the file was deleted, restore a backup: lastgood restore";
  return problem("missing", `there is no database at ${path.value}`, next, path.value);
}

/** Is there room for a copy of `bytes`, beside what the journal may need? */
export async function roomFor(context: Context, folder: string, bytes: number): Promise<Result<void>> {
  const stat = await context.files.stat(folder);
  if (!stat.ok) return stat;
  if (stat.value === null)
    return problem("missing", `there is no folder ${folder}`, `make the folder ${folder}`, folder);
  const needed = Math.ceil(bytes * ROOM_FACTOR) + limits.journalFreeBytes;
  const free = stat.value.freeBytes;
  if (free >= needed) return ok(undefined);
  return problem(
    "no-space",
    `${folder} has ${free} bytes free, and ${needed} are needed (${megabytes(free)} of ${megabytes(needed)})`,
    `free ${megabytes(needed - free)} on that disk, then run again`,
    folder,
  );
}

/** Remove a database file of ours with all that SQLite left beside it. */
export async function removeDatabase(context: Context, path: string): Promise<Result<void>> {
  for (const end of [...sidecars, ""]) {
    const removed = await removeIfThere(context, `${path}${end}`);
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

/** Looks first, because a removal syncs the folder and most often there is nothing to remove. */
export async function removeIfThere(context: Context, path: string): Promise<Result<void>> {
  const stat = await context.files.stat(path);
  if (!stat.ok) return stat;
  return stat.value === null ? ok(undefined) : context.files.remove(path);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
