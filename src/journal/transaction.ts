// One durable transaction: written for certain, not written for certain (full disk), or the journal stops.
import type { DatabaseSync } from "node:sqlite";
import type { Ballast } from "./ballast.ts";
import { isFull, messageOf } from "./faults.ts";
import type { Guard } from "./guard.ts";

/** The log is moved into the main file after so many writes, or so much data: it stays a few MiB. */
const checkpointWrites = 256;
/** On a full disk much sooner: a log that was moved is written again from its start, and needs no more space. */
const checkpointWritesWhenFull = 8;
const checkpointBytes = 2 * 1024 * 1024;

export type Writer = {
  /**
   * Run `work` in a transaction that is on disk on return. On a full disk the ballast is released, the log moved
   * (its space is used again), and the transaction, which SQLite has rolled back, is done once more; a second
   * refusal or any other error stops the journal.
   * `bytes`: about how much it writes.
   */
  write(work: () => void, bytes?: number): void;
  /** The same for what may be left out: false when the disk is full. Leaves the ballast alone. */
  writeIfRoom(work: () => void): boolean;
  /** Move the log into the main file. Its own errors matter: a lost page there is a lost fact. */
  checkpoint(): void;
  /** True from the first write that found the disk full until there is room and the ballast is back. */
  diskFull(): boolean;
};

/** `beside` is done at every checkpoint, after it. */
export function writerOf(db: DatabaseSync, guard: Guard, ballast: Ballast, beside: () => void): Writer {
  let full = !ballast.isWhole();
  let since = { writes: 0, bytes: 0 };

  /** Null when it is written; SQLite's word that the disk is full, when nothing is. Otherwise stops. */
  function refusal(work: () => void): unknown {
    guard.check();
    try {
      transact(db, work);
      return null;
    } catch (error) {
      if (!isFull(error)) guard.stop(messageOf(error), error);
      full = true;
      return error;
    }
  }

  function write(work: () => void): void {
    const first = refusal(work);
    if (first === null) return;
    ballast.release();
    tryCheckpoint(db, guard);
    const second = refusal(work);
    if (second !== null) guard.stop("the disk is full, and the space kept aside is used up", second);
  }

  function checkpoint(): void {
    guard.check();
    since = { writes: 0, bytes: 0 };
    // A full disk leaves the log as it is, and the log still holds everything.
    if (!tryCheckpoint(db, guard)) full = true;
    else if (full && ballast.keep()) full = false;
    beside();
  }

  return {
    write(work, bytes = 0) {
      write(work);
      since = { writes: since.writes + 1, bytes: since.bytes + bytes };
      const most = full ? checkpointWritesWhenFull : checkpointWrites;
      if (since.writes >= most || since.bytes >= checkpointBytes) checkpoint();
    },
    writeIfRoom: (work) => refusal(work) === null,
    checkpoint,
    diskFull: () => full,
  };
}

function transact(db: DatabaseSync, work: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    work();
    db.exec("COMMIT");
  } catch (error) {
    // SQLite rolls back by itself on a full disk, but its documentation only promises that it may.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function tryCheckpoint(db: DatabaseSync, guard: Guard): boolean {
  try {
    db.exec("PRAGMA wal_checkpoint(PASSIVE)");
    return true;
  } catch (error) {
    if (!isFull(error)) guard.stop(messageOf(error), error);
    return false;
  }
}
