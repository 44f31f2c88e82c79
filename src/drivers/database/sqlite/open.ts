// Opening databases: the live one beside its app, and files of ours that nobody else has open.
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Context } from "./context.ts";
import { damaged, isBusy, type SqliteFault, sqliteFault, sqliteProblem } from "./problem.ts";

/** SQLite waits in our own thread, so it waits briefly and we try again: in all about three seconds. */
const LOCK_WAIT_MS = 100;
const BUSY_TRIES = 10;
const BUSY_PAUSE_MS = 200;
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";

/**
 * The live database, beside its app; never made where it is missing.
 * Not opened read-only, but forbidden to write rows: a read-only connection can't roll back the journal of a
 * crashed app, and leaves -wal and -shm behind where it was alone. This one takes them away when it closes last,
 * and while they are there SQLite gives them the owner and mode of the database (the owner only as root).
 */
export function openLive(path: string): DatabaseSync {
  const db = openWritable(path);
  db.exec("PRAGMA query_only=ON");
  return db;
}

/** For the swap, and for fresh files of ours. Waits briefly for locks. */
export function openWritable(path: string): DatabaseSync {
  const db = new DatabaseSync(`${pathToFileURL(path).href}?mode=rw`, {
    timeout: LOCK_WAIT_MS,
    enableForeignKeyConstraints: false,
  });
  db.exec("PRAGMA trusted_schema=OFF");
  return db;
}

/** A file that nobody writes: no locks, nothing put beside it, whatever journal mode its header names. */
export function openStill(path: string): DatabaseSync {
  const db = new DatabaseSync(`${pathToFileURL(path).href}?immutable=1`, { readOnly: true });
  db.exec("PRAGMA trusted_schema=OFF");
  return db;
}

/** Open, work, close; what SQLite throws becomes a problem. `work` may be repeated while the database is busy. */
export function using<T>(
  context: Context,
  path: string,
  open: (path: string) => DatabaseSync,
  work: (db: DatabaseSync) => T | Promise<T>,
): Promise<Result<T>> {
  return patiently(context, path, async () => {
    let db: DatabaseSync | undefined;
    try {
      db = open(path);
      return { value: await work(db) };
    } catch (error) {
      const fault = sqliteFault(error);
      if (fault === null) throw error;
      return { fault };
    } finally {
      db?.close();
    }
  });
}

/** The live database, once `mayOpen` lets us; `damaged` without having opened it where it is none by its header. */
export async function usingLive<T>(
  context: Context,
  live: string,
  work: (db: DatabaseSync) => T | Promise<T>,
): Promise<Result<T>> {
  const may = await mayOpen(context, live);
  return may.ok ? using(context, live, openLive, work) : may;
}

/** Look before SQLite does. Never call it while we hold a lock on the file: reading it drops the lock. */
export async function mayOpen(context: Context, live: string): Promise<Result<void>> {
  const owned = await context.swap.owner(live);
  if (!owned.ok) return owned;
  if (owned.value === null || owned.value.ours) return checkHeader(context, live);
  const what = `${live} belongs to user ${owned.value.owner.uid}, and lastgood runs as another`;
  const next =
    "run lastgood as that user or as root: what SQLite makes beside the file would lock the app out";
  return problem("read-only", what, next, live);
}

/**
 * From a file that is none of its own SQLite takes the -wal away, and that may be all that is left of somebody's
 * rows. Offsets from sqlite.org/fileformat.html.
 */
async function checkHeader(context: Context, live: string): Promise<Result<void>> {
  const header = await context.files.read(live, { offset: 0, length: HEADER_BYTES });
  if (!header.ok) return header;
  if (header.value.length === 0) return emptyMeansNew(context, live);
  const whole = header.value.length === HEADER_BYTES && header.value.toString("latin1", 0, 16) === MAGIC;
  const [writeVersion = 0, readVersion = 0] = header.value.subarray(18, 20);
  if (whole && isVersion(writeVersion) && isVersion(readVersion)) return ok(undefined);
  return damaged(live, "file is not a database");
}

/** SQLite makes a database of an empty file; with a -wal beside it, it was one before. */
async function emptyMeansNew(context: Context, live: string): Promise<Result<void>> {
  const wal = await context.files.stat(`${live}-wal`);
  if (!wal.ok) return wal;
  return wal.value !== null && wal.value.size > 0
    ? damaged(live, "it is empty, but has a -wal")
    : ok(undefined);
}

/** 1 for rollback journals, 2 for WAL. */
function isVersion(byte: number): boolean {
  return byte === 1 || byte === 2;
}

export type Attempt<T> = { readonly value: T } | { readonly fault: SqliteFault };

/** Again while the database is busy, a bounded number of times. */
export async function patiently<T>(
  context: Context,
  path: string,
  attempt: () => Promise<Attempt<T>>,
): Promise<Result<T>> {
  for (let tries = 1; ; tries++) {
    const outcome = await attempt();
    if ("value" in outcome) return ok(outcome.value);
    if (!isBusy(outcome.fault) || tries === BUSY_TRIES)
      return sqliteProblem(outcome.fault, `use ${path}`, path);
    await context.clock.sleep(BUSY_PAUSE_MS);
  }
}

/** The only column of the only row of a query that has exactly one. */
export function single(db: DatabaseSync, sql: string): string | number {
  const row = db.prepare(sql).get() ?? {};
  return Object.values(row)[0] as string | number;
}

/** Take part in one moment of the database: everything read until the connection closes is from here. */
export function beginRead(db: DatabaseSync): void {
  db.exec("BEGIN");
  db.prepare("SELECT 1 FROM sqlite_schema").get();
}
