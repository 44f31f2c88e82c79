// A look into a journal that judges nothing: what verifying, exporting and rebuilding stand on.
import type { DatabaseSync } from "node:sqlite";
import type { Row } from "../core/chain.ts";
import { err, ok, type Problem, problem, type Result } from "../core/result.ts";
import { type Connection, connect } from "./connection.ts";
import { endOfCopy } from "./copy.ts";
import { look } from "./disk.ts";
import { damaged, messageOf, openingProblem, sqliteCode } from "./faults.ts";
import { type Meta, readMeta } from "./meta.ts";
import { type JournalPaths, journalPaths } from "./paths.ts";
import { type Rows, rowsOf } from "./rows.ts";

/** Findings of SQLite's own check that are kept; one page of them says enough. */
const integrityFindings = 100;

export type Inspection = {
  /** The anchor: where the journal says it ends. */
  anchor(): Result<Meta, string>;
  /** Rows as they are, unverified, from `from` on. */
  rows(from: number, limit: number): Result<readonly Row[], string>;
  /** What SQLite finds wrong with its file; empty when nothing is. Reads all of it in one go. */
  integrity(): readonly string[];
  /** Where the NDJSON copy is. */
  readonly copy: string;
};

export function inspectionOf(db: DatabaseSync, rows: Rows, copy: string): Inspection {
  return {
    copy,
    anchor: () => told(() => readMeta(db)),
    rows: (from, limit) => told(() => rows.from(from, limit)),
    integrity() {
      const found = told(() => ok(db.prepare(`PRAGMA integrity_check(${integrityFindings})`).all()));
      if (!found.ok) return [found.error];
      return found.value.map((row) => String(row["integrity_check"])).filter((line) => line !== "ok");
    },
  };
}

function told<T>(work: () => Result<T, string>): Result<T, string> {
  try {
    return work();
  } catch (error) {
    return err(messageOf(error));
  }
}

/**
 * Look into a journal that no controller has open, without raising its epoch. Takes the lock meanwhile.
 * Failures as in `openJournal`, and `missing` where there is none. `isWhole`: whether what `work` saw was in order;
 * a file that was not keeps its log beside it, as it was found.
 */
export function inspectFile<T>(
  file: string,
  work: (inspection: Inspection) => T,
  isWhole: (seen: T) => boolean,
): Result<T, Problem> {
  const paths = journalPaths(file);
  try {
    const copied = endOfCopy(paths.copy).last.seq;
    const empty = [paths.file, paths.wal].every((path) => (look(path)?.size ?? 0) === 0);
    if (empty) return noJournal(file, copied);
    const connection = connect(paths, copied > 0);
    return connection.ok ? lookInto(connection.value, paths, work, isWhole) : connection;
  } catch (error) {
    return openingProblem(error, file);
  }
}

function lookInto<T>(
  { db, close, giveUp }: Connection,
  paths: JournalPaths,
  work: (inspection: Inspection) => T,
  isWhole: (seen: T) => boolean,
): Result<T, Problem> {
  try {
    const seen = work(inspectionOf(db, rowsOf(db), paths.copy));
    if (isWhole(seen)) close();
    else giveUp(damaged(paths.file, "not all of its facts are whole"));
    return ok(seen);
  } catch (error) {
    // An error of the caller's own, such as a closed pipe, says nothing about the file.
    if (sqliteCode(error) === null) close();
    else giveUp(damaged(paths.file, messageOf(error)));
    throw error;
  }
}

function noJournal(file: string, copied: number): Result<never, Problem> {
  if (copied > 0) return damaged(file, `it is empty or gone, but its copy holds ${copied} facts`);
  return problem(
    "missing",
    `there is no journal at ${file} yet`,
    "check the state folder in the config",
    file,
  );
}
