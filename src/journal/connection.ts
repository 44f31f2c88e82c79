// One exclusive, fully synchronous connection to the journal's SQLite file.
import { DatabaseSync } from "node:sqlite";
import { assert, type Err, ok, type Problem, problem, type Result } from "../core/result.ts";
import { look, makePrivate, requireWritable } from "./disk.ts";
import { openingProblem } from "./faults.ts";
import { notOurs, refuseHeader, tooNew } from "./header.ts";
import { type Hold, heldBecause, hold } from "./held.ts";
import type { JournalPaths } from "./paths.ts";
import { isBlank, newestSchema, schemaOf } from "./schema.ts";

/** Before this version a write-ahead log could be reset while another connection still needed it. */
const oldestSqlite = [3, 51, 3] as const;
/** PRAGMA synchronous = FULL, as SQLite reports it. */
const full = 2;

export type Connection = {
  readonly db: DatabaseSync;
  close(): void;
  /** Give it up, but leave file and log as they are until the process ends; who asks again gets `why`. */
  leave(why: Err<Problem>): void;
  /** Close a file that was refused without changing it: a log that was there before us is not merged into it. */
  giveUp(why: Err<Problem>): void;
};

/**
 * Open the file and take the lock, which the kernel gives back when this process ends, however it ends.
 * Writes nothing into a file that has facts. `known`: see `refuseHeader`.
 */
export function connect(paths: JournalPaths, known: boolean): Result<Connection> {
  const held = heldBecause(paths.file);
  if (held) return held;
  try {
    return refuseHeader(paths, newestSchema, known) ?? lockFile(paths);
  } catch (error) {
    return openingProblem(error, paths.file);
  }
}

function lockFile(paths: JournalPaths): Result<Connection> {
  makePrivate(paths.file);
  requireWritable(paths.file);
  const hadLog = (look(paths.wal)?.size ?? 0) > 0;
  const holding = hold(paths.file);
  const connection = connectionOf(new DatabaseSync(paths.file, { defensive: true }), holding, hadLog);
  const opened = attempt(connection.db, paths.file);
  if (opened.ok) return ok(connection);
  // Where the lock is another's, SQLite never came to its log.
  if (opened.error.code === "busy") connection.close();
  else connection.giveUp(opened);
  return opened;
}

function attempt(db: DatabaseSync, file: string): Result<void> {
  try {
    // Exclusive before anything else, even before a SELECT: whatever reads the file's schema first decides whether
    // the log's index lives in our memory, or in a shared file that a second process can join.
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    const { version } = db.prepare("SELECT sqlite_version() AS version").get() as { version: string };
    if (sqliteTooOld(version)) return oldSqlite(version);
    takeLock(db);
    const schema = schemaOf(db);
    if (schema > newestSchema) return tooNew(file, schema, newestSchema);
    return schema === 0 && !isBlank(db) ? notOurs(file) : ok(undefined);
  } catch (error) {
    return openingProblem(error, file);
  }
}

function takeLock(db: DatabaseSync): void {
  const { journal_mode } = db.prepare("PRAGMA journal_mode = WAL").get() as { journal_mode: string };
  assert(journal_mode === "wal", `SQLite gave journal_mode ${journal_mode}`);
  db.exec(
    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA mmap_size = 0",
  );
  // Automatic checkpoints swallow errors of the disk; we make our own and look at the answer.
  db.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
  db.exec("BEGIN IMMEDIATE; COMMIT");
}

/** Never trust a driver's default: some fall back to NORMAL, which loses acknowledged facts on power loss. */
export function assertDurable(db: DatabaseSync): void {
  const { synchronous } = db.prepare("PRAGMA synchronous").get() as { synchronous: number };
  assert(synchronous === full, `SQLite has synchronous ${synchronous} after the first write`);
}

export function sqliteTooOld(version: string): boolean {
  const parts = version.split(".").map(Number);
  for (const [i, oldest] of oldestSqlite.entries()) {
    const part = parts[i] ?? 0;
    if (part !== oldest) return part < oldest;
  }
  return false;
}

function oldSqlite(version: string): Result<never> {
  return problem(
    "failed",
    `this Node carries SQLite ${version}; the journal needs ${oldestSqlite.join(".")} or newer`,
    "install the newest Node 24",
  );
}

function connectionOf(db: DatabaseSync, holding: Hold, hadLog: boolean): Connection {
  const leave = (why: Err<Problem>): void => holding.abandon(db, why);
  function close(): void {
    db.close();
    holding.release();
  }
  return { db, close, leave, giveUp: hadLog ? leave : close };
}
