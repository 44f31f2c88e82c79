// What SQLite throws, as problems that say what to do.
import { type Problem, problem, type Result } from "../../../core/result.ts";

/** Primary result codes, from sqlite.org/rescode.html. */
export const sqliteCodes = {
  error: 1,
  busy: 5,
  locked: 6,
  readOnly: 8,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
} as const;

/** An error of SQLite as plain data, so that it can cross from a worker thread. */
export type SqliteFault = { readonly code: number; readonly message: string };

/** Null for anything that SQLite did not throw. */
export function sqliteFault(error: unknown): SqliteFault | null {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return null;
  return { code: error.errcode & 0xff, message: error.message };
}

export function isDamage(fault: SqliteFault | null): boolean {
  if (fault === null) return false;
  if (fault.code === sqliteCodes.corrupt || fault.code === sqliteCodes.notADatabase) return true;
  return fault.code === sqliteCodes.error && fault.message.includes("unsupported file format"); // a header gone bad
}

export function isBusy(fault: SqliteFault | null): boolean {
  return fault !== null && (fault.code === sqliteCodes.busy || fault.code === sqliteCodes.locked);
}

/** `doing` is a verb with its object, e.g. "read /srv/app.db". */
export function sqliteProblem(fault: SqliteFault, doing: string, path: string): Result<never, Problem> {
  const what = `cannot ${doing}: ${fault.message}`;
  if (isDamage(fault)) return damaged(path, fault.message);
  if (isBusy(fault))
    return problem(
      "busy",
      what,
      "another process holds the database (locking_mode=EXCLUSIVE, or a long write): let it end, then run again",
      path,
    );
  if (fault.code === sqliteCodes.full)
    return problem("no-space", what, "free space on the disk that holds it, then run again", path);
  if (fault.code === sqliteCodes.readOnly || fault.code === sqliteCodes.cannotOpen)
    return problem(
      "read-only",
      what,
      "let the user that runs lastgood read and write the file and its folder",
      path,
    );
  return problem("failed", what, "look at the file and the system's log", path);
}

export function damaged(path: string, why: string): Result<never, Problem> {
  return problem(
    "damaged",
    `${path} is damaged: ${why}`,
    "restore the newest backup that a rehearsal proves: lastgood restore",
    path,
  );
}
