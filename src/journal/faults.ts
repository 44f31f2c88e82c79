// Errors of SQLite and of the file system as problems that say what to do.
import { type Err, type Problem, problem } from "../core/result.ts";

const primary = {
  error: 1,
  busy: 5,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
};

/** SQLite's primary result code; null for anything that SQLite did not throw. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !("errcode" in error)) return null;
  return typeof error.errcode === "number" ? error.errcode & 0xff : null;
}

/**
 * The disk is full, and for certain nothing of the transaction is on it: SQLite reports FULL only for a write,
 * and the commit mark is the last write of a commit (frames are not padded on Linux). An error of fsync
 * is another code, and leaves open whether the transaction is there.
 */
export function isFull(error: unknown): boolean {
  return sqliteCode(error) === primary.full;
}

/** The device failed: what is on it now is unknown. */
export function isDeviceError(error: unknown): boolean {
  return sqliteCode(error) === primary.io || (sqliteCode(error) === null && systemCode(error) !== null);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What an opener is told. Throws what is neither SQLite's nor the system's: that is a bug. */
export function openingProblem(error: unknown, file: string): Err<Problem> {
  const code = sqliteCode(error);
  if (code !== null) return fromSqlite(code, error, file);
  const name = systemCode(error);
  if (name === null) throw error;
  return fromSystem(name, file);
}

export function busy(file: string): Err<Problem> {
  return problem(
    "busy",
    `another process has the journal ${file} open`,
    "let it finish or stop it; the lock is free as soon as that process is gone",
    file,
  );
}

export function damaged(file: string, what: string): Err<Problem> {
  return problem(
    "damaged",
    `the journal ${file} is damaged: ${what}`,
    "run `lastgood log rebuild`: it keeps the damaged file aside and rebuilds the journal from its copy",
    file,
  );
}

export function full(file: string): Err<Problem> {
  return problem(
    "no-space",
    `the disk is full: the journal ${file} cannot be written`,
    "free some space on that disk, then run the same command again; nothing was changed",
    file,
  );
}

function readOnly(file: string, why: string): Err<Problem> {
  return problem(
    "read-only",
    `the journal ${file} cannot be written: ${why}`,
    "run as the user that owns the state folder; if the disk went read-only by itself, see `dmesg`",
    file,
  );
}

function fromSqlite(code: number, error: unknown, file: string): Err<Problem> {
  switch (code) {
    case primary.busy:
      return busy(file);
    case primary.full:
      return full(file);
    case primary.readOnly:
      return readOnly(file, messageOf(error));
    case primary.cannotOpen:
      return readOnly(file, "its folder does not let us make files");
    case primary.corrupt:
    case primary.notADatabase:
    case primary.error:
      return damaged(file, messageOf(error));
    default:
      return problem(
        "failed",
        `the journal ${file} cannot be opened: ${messageOf(error)}`,
        "see `dmesg` for disk errors",
        file,
      );
  }
}

function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("syscall" in error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

function fromSystem(name: string, file: string): Err<Problem> {
  switch (name) {
    case "ENOSPC":
    case "EDQUOT":
      return full(file);
    case "EROFS":
      return readOnly(file, "the file system is mounted read-only");
    case "EACCES":
    case "EPERM":
      return readOnly(file, "permission denied");
    case "ENOTDIR":
    case "EEXIST":
    case "EISDIR":
      return problem(
        "missing",
        `there is no folder for the journal ${file}: a file is in its place`,
        "choose another state folder",
        file,
      );
    default:
      return problem(
        "failed",
        `the journal ${file} cannot be opened: ${name}`,
        "see `dmesg` for disk errors",
        file,
      );
  }
}
