// The journal on SQLite: opening it, and the handle.
import { limits } from "../core/limits.ts";
import { ok, type Problem, problem, type Result } from "../core/result.ts";
import type { Clock } from "../ports/clock.ts";
import { JournalStopped } from "../ports/journal.ts";
import { ballastAt } from "./ballast.ts";
import { checkTail, type Unfit } from "./check-tail.ts";
import { assertDurable, type Connection, connect } from "./connection.ts";
import { type CopyEnd, endOfCopy, openCopy } from "./copy.ts";
import { look, makeFolder } from "./disk.ts";
import { damaged, openingProblem } from "./faults.ts";
import { createGuard } from "./guard.ts";
import { journalOn, type SqliteJournal } from "./handle.ts";
import { type JournalPaths, journalPaths } from "./paths.ts";
import { putAside } from "./quarantine.ts";
import { rowsOf } from "./rows.ts";
import { migrate } from "./schema.ts";
import { writerOf } from "./transaction.ts";

export type JournalOptions = {
  /** The SQLite file; copy (`.ndjson`) and ballast (`.ballast`) lie beside it. Missing folders are made, 0700. */
  readonly file: string;
  readonly clock: Clock;
  /**
   * The highest epoch that any target has seen; the new epoch is above it. When it is higher than this journal's
   * own, somebody else controlled the target or an old copy of the state folder was put back: ask a person first.
   */
  readonly epochFloor?: number;
  /** Space kept aside for a full disk; 0 for none. Default `limits.ballastBytes`. */
  readonly ballastBytes?: number;
};

export type { SqliteJournal };

/**
 * Open the journal, take its lock, verify its end and raise its epoch durably. Failures: `busy` (another process
 * has it), `damaged`, `refused` (another program's file, a newer Lastgood's), `read-only`, `no-space`,
 * `missing` (the folder cannot be there), `failed`. A file that is refused is left as it was.
 *
 * An old file put back: refused as `damaged` when the copy beside it knows more; without the copy only
 * `epochFloor` can tell. Nothing of this process may open the file by other means while it is held: POSIX
 * drops the lock when any descriptor of it is closed.
 */
export function openJournal(options: JournalOptions): Result<SqliteJournal> {
  const paths = journalPaths(options.file);
  try {
    makeFolder(paths.folder);
    const copy = endOfCopy(paths.copy);
    const lost = refuseLost(paths, copy);
    if (lost) return lost;
    const connection = connect(paths, copy.last.seq > 0);
    return connection.ok ? begin(connection.value, paths, copy, options) : connection;
  } catch (error) {
    return openingProblem(error, paths.file);
  }
}

/** A new journal must never begin silently where there was one. */
function refuseLost(paths: JournalPaths, copy: CopyEnd): Result<never> | null {
  if ((look(paths.file)?.size ?? 0) > 0) return null;
  if (copy.last.seq > 0)
    return damaged(paths.file, `it is empty or gone, but its copy holds ${copy.last.seq} facts`);
  const aside = putAside(paths).at(-1);
  return aside === undefined
    ? null
    : damaged(paths.file, `it was put aside as ${aside} and is not rebuilt yet`);
}

function begin(
  connection: Connection,
  paths: JournalPaths,
  copy: CopyEnd,
  options: JournalOptions,
): Result<SqliteJournal> {
  let begun: Result<SqliteJournal>;
  try {
    migrate(connection.db);
    begun = beginChecked(connection, paths, copy, options);
  } catch (error) {
    // A stop while opening is not a stop of anything yet: its cause is what the opener should hear.
    begun = openingProblem(error instanceof JournalStopped ? error.cause : error, paths.file);
  }
  if (!begun.ok) connection.giveUp(begun);
  return begun;
}

function beginChecked(
  connection: Connection,
  paths: JournalPaths,
  end: CopyEnd,
  options: JournalOptions,
): Result<SqliteJournal> {
  const { db } = connection;
  const rows = rowsOf(db);
  const checked = checkTail(db, rows, end);
  if (!checked.ok) return unfitProblem(paths.file, checked.error);
  const guard = createGuard(paths.file);
  const ballast = ballastAt(paths.ballast, paths.folder, options.ballastBytes ?? limits.ballastBytes);
  ballast.keep();
  const copy = openCopy(paths.copy, end, options.clock.now());
  const writer = writerOf(db, guard, ballast, copy.sync);
  const parts = { connection, paths, rows, guard, writer, copy, clock: options.clock };
  const journal = journalOn(parts, checked.value);
  journal.raiseEpoch(options.epochFloor ?? 0);
  assertDurable(db);
  return ok(journal);
}

function unfitProblem(file: string, unfit: Unfit): Result<never, Problem> {
  if (unfit.is === "damaged") return damaged(file, unfit.why);
  return problem(
    "refused",
    `the journal ${file} was written by a newer Lastgood: ${unfit.why}`,
    "run the newer version",
    file,
  );
}
