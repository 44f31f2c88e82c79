// Puts a damaged journal aside, as it is. Nothing is ever deleted.

import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ok, problem, type Result } from "../core/result.ts";
import { endOfCopy } from "./copy.ts";
import { alsoAs, dropName, freeName, look, namesLike, rename, syncFolder } from "./disk.ts";
import { busy, openingProblem } from "./faults.ts";
import { refuseHeader } from "./header.ts";
import { heldBecause, isAbandoned } from "./held.ts";
import { fileTime, type JournalPaths, journalPaths } from "./paths.ts";
import { newestSchema } from "./schema.ts";

/** SQLite's BUSY: somebody else has the file open. */
const busyCode = 5;

/** Files of this journal that were put aside, oldest first. */
export function putAside(paths: JournalPaths): readonly string[] {
  const start = `${basename(paths.file)}.damaged-`;
  return namesLike(paths.folder, start)
    .filter((name) => !name.endsWith("-wal") && !name.endsWith("-journal"))
    .map((name) => join(paths.folder, name));
}

/**
 * Move the file, with its log, to `<file>.damaged-<time>`; returns that name. The copy stays for the rebuild, and
 * until then `openJournal` refuses to begin a new journal. `busy` where somebody has it open, `missing` where there
 * is none, `refused` for another program's file. `now`: wall clock, milliseconds.
 */
export function quarantineJournal(file: string, now: number): Result<string> {
  const paths = journalPaths(file);
  try {
    // A file that this very process gave up is as free as any: nobody will write into it any more.
    if (!isAbandoned(file) && (heldBecause(file) !== null || isLocked(file))) return busy(file);
    if (look(file) === null && look(paths.wal) === null) return nothingThere(file);
    const refused = refuseHeader(paths, newestSchema, endOfCopy(paths.copy).last.seq > 0);
    if (refused && refused.error.code !== "damaged") return refused;
    return ok(move(paths, freeName(`${file}.damaged-${fileTime(now)}`)));
  } catch (error) {
    return openingProblem(error, file);
  }
}

/** The logs get their second name first: at no moment is a log parted from its file or without a name. */
function move(paths: JournalPaths, name: string): string {
  const logs = [
    [paths.wal, `${name}-wal`],
    [paths.rollback, `${name}-journal`],
  ] as const;
  const there = logs.filter(([log]) => look(log) !== null);
  for (const [log, other] of there) alsoAs(log, other);
  syncFolder(paths.folder);
  if (look(paths.file) !== null) rename(paths.file, name);
  syncFolder(paths.folder);
  for (const [log] of there) dropName(log);
  return name;
}

/**
 * Whether another process has the lock. Read-only and exclusive together cannot come as far as the log, so this
 * look changes no byte of a file that may be evidence.
 */
function isLocked(file: string): boolean {
  if (look(file) === null) return false;
  try {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      db.exec("PRAGMA locking_mode = EXCLUSIVE; SELECT count(*) FROM sqlite_schema");
    } finally {
      db.close();
    }
    return false;
  } catch (error) {
    return error instanceof Error && "errcode" in error && error.errcode === busyCode;
  }
}

function nothingThere(file: string): Result<never> {
  return problem("missing", `there is no journal at ${file}`, "check the state folder in the config", file);
}
