// Makes a whole journal again from what is left: the damaged file and the copy, fact by fact along the chain.
import { brokenLink, emptyLink, type Link, type Row, seal } from "../core/chain.ts";
import { assert, ok, problem, type Result } from "../core/result.ts";
import type { Clock } from "../ports/clock.ts";
import { type Connection, connect } from "./connection.ts";
import { endOfCopy, openCopy } from "./copy.ts";
import { freeName, look, makeFolder, removeScratch, rename, syncFile, syncFolder } from "./disk.ts";
import { openingProblem } from "./faults.ts";
import { followUp } from "./follow.ts";
import { metaWriter, readMeta } from "./meta.ts";
import { messageWriter } from "./outbox.ts";
import { fileTime, type JournalPaths, journalPaths } from "./paths.ts";
import { putAside } from "./quarantine.ts";
import { type Rows, rowsOf } from "./rows.ts";
import { migrate } from "./schema.ts";
import { type CopySource, copySource, type DamagedSource, damagedSource } from "./sources.ts";

/** Facts written in one transaction, and between two reports of progress. */
const sliceFacts = 5_000;

export type RebuildOptions = {
  readonly file: string;
  readonly clock: Clock;
  /** For the record: who asked, and what was wrong. */
  readonly why: string;
  /** The file that was put aside; by default the newest one. Null: the copy alone. */
  readonly damaged?: string | null;
  /** As in `openJournal`. */
  readonly epochFloor?: number;
  /** A person has agreed to go on without the facts that neither source gives whole. */
  readonly acceptLoss?: boolean;
  readonly onProgress?: (facts: number) => void;
};

export type Rebuilt = {
  /** Facts brought over, and how many of them only one source had. */
  readonly facts: number;
  readonly onlyInCopy: number;
  readonly onlyInDamaged: number;
  /** Facts known to have been there after the last one brought over. They stay in the files that were put aside. */
  readonly leftBehind: number;
  /** False when the end of the damaged journal could not be read: then there may have been more. */
  readonly endKnown: boolean;
};

type Sources = { readonly damaged: DamagedSource | null; readonly copy: CopySource };
type Tally = { facts: number; onlyInCopy: number; onlyInDamaged: number };
type Written = { readonly link: Link; readonly epoch: number; readonly tally: Tally };

/**
 * Rebuild after `quarantineJournal`. The new file appears under its name only when it is whole, ends with a
 * `journal.rebuilt`, and has an epoch above every one seen. Saved folds are not brought over; waiting messages are.
 * Failures: `refused` (there is a journal), `missing` (nothing to rebuild from), `needs-person` (facts would be left
 * behind, or the two sources tell different histories), `no-space`, `read-only`, `failed`.
 */
export function rebuildJournal(options: RebuildOptions): Result<Rebuilt> {
  const paths = journalPaths(options.file);
  const scratch = `${paths.file}.reading`;
  try {
    makeFolder(paths.folder);
    if ((look(paths.file)?.size ?? 0) > 0) return stillThere(paths.file);
    const damaged = options.damaged === undefined ? (putAside(paths).at(-1) ?? null) : options.damaged;
    if (damaged === null && look(paths.copy) === null) return nothingLeft(paths.file);
    const sources = {
      damaged: damaged === null ? null : damagedSource(damaged, scratch),
      copy: copySource(paths.copy),
    };
    try {
      return rebuildFrom(sources, paths, damaged, options);
    } finally {
      sources.damaged?.close();
    }
  } catch (error) {
    return openingProblem(error, paths.file);
  }
}

function rebuildFrom(
  sources: Sources,
  paths: JournalPaths,
  damaged: string | null,
  options: RebuildOptions,
): Result<Rebuilt> {
  const unfinished = `${paths.file}.rebuilding`;
  for (const end of ["", "-wal"]) removeScratch(`${unfinished}${end}`);
  const connection = connect(journalPaths(unfinished), false);
  if (!connection.ok) return connection;
  const written = fillAndClose(connection.value, sources, damaged ?? paths.copy, options);
  if (!written.ok) {
    removeScratch(unfinished);
    return written;
  }
  syncFile(unfinished);
  rename(unfinished, paths.file);
  syncFolder(paths.folder);
  if (sources.copy.bad() > 0)
    rename(paths.copy, freeName(`${paths.copy}.damaged-${fileTime(options.clock.now())}`));
  return completeCopy(paths, written.value, options.clock.now());
}

function fillAndClose(...given: Parameters<typeof fill>): Result<Rebuilt> {
  try {
    return fill(...given);
  } finally {
    given[0].close();
  }
}

function fill(
  connection: Connection,
  sources: Sources,
  from: string,
  options: RebuildOptions,
): Result<Rebuilt> {
  const { db } = connection;
  migrate(db);
  // Not durable while it is being made: until it has its name, a crash only means to begin again.
  db.exec("PRAGMA synchronous = OFF");
  const rows = rowsOf(db);
  const copied = inSlices(connection, () => bringOver(rows, sources, options));
  if (!copied.ok) return copied;
  const { link, tally } = copied.value;
  const last = Math.max(sources.damaged?.last() ?? 0, sources.copy.last());
  const leftBehind = Math.max(0, last - link.seq);
  if (leftBehind > 0 && options.acceptLoss !== true) return wouldLose(options.file, link.seq, last);
  finish(connection, rows, sources, from, copied.value, options);
  return ok({ ...tally, leftBehind, endKnown: sources.damaged?.meta != null });
}

/** A generator that yields whenever a slice is full, run with a transaction around each slice. */
function inSlices<T>({ db }: Connection, work: () => Generator<void, T>): T {
  const run = work();
  for (;;) {
    db.exec("BEGIN IMMEDIATE");
    const step = run.next();
    db.exec("COMMIT");
    if (step.done) return step.value;
    db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  }
}

function* bringOver(rows: Rows, sources: Sources, options: RebuildOptions): Generator<void, Result<Written>> {
  const tally = { facts: 0, onlyInCopy: 0, onlyInDamaged: 0 };
  let epoch = sources.damaged?.meta?.epoch ?? 0;
  let link: Link = emptyLink;
  for (;;) {
    const fits = (row: Row | null): Row | null =>
      row !== null && brokenLink(link, row) === null ? row : null;
    const copied = fits(sources.copy.at(link.seq + 1));
    const kept = fits(sources.damaged?.at(link.seq + 1) ?? null);
    if (copied && kept && copied.hash !== kept.hash) return twoHistories(options.file, copied.seq);
    const row = copied ?? kept;
    if (row === null) return ok({ link, epoch, tally });
    rows.insert(row);
    tally.facts += 1;
    if (!kept) tally.onlyInCopy += 1;
    if (!copied) tally.onlyInDamaged += 1;
    epoch = Math.max(epoch, row.epoch);
    link = row;
    if (tally.facts % sliceFacts !== 0) continue;
    options.onProgress?.(tally.facts);
    yield;
  }
}

/** The last fact, the anchor and the waiting messages; then all of it into the main file. */
function finish(
  { db }: Connection,
  rows: Rows,
  sources: Sources,
  from: string,
  { link, epoch: seen, tally }: Written,
  options: RebuildOptions,
): void {
  const { clock, why } = options;
  const epoch = Math.max(seen, options.epochFloor ?? 0) + 1;
  const moment = { at: clock.now(), mono: clock.elapsed(), boot: clock.bootId(), epoch };
  const sealed = seal(link, moment, [{ type: "journal.rebuilt", data: { from, events: tally.facts, why } }]);
  const own = readMeta(db);
  assert(sealed.ok && own.ok, "a new journal can be written");
  const head = sealed.value.at(-1) ?? link;
  const queue = messageWriter(db);
  db.exec("BEGIN IMMEDIATE");
  for (const row of sealed.value) rows.insert(row);
  for (const message of sources.damaged?.messages() ?? []) queue(message);
  const journal = sources.damaged?.meta?.journal ?? own.value.journal;
  metaWriter(db)({ ...own.value, journal, epoch, headSeq: head.seq, headHash: head.hash });
  db.exec("COMMIT; PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)");
}

/** The copy gets what it lacks at once: it is the second copy again from the start. */
function completeCopy(paths: JournalPaths, rebuilt: Rebuilt, now: number): Result<Rebuilt> {
  const connection = connect(paths, true);
  if (!connection.ok) return connection;
  const rows = rowsOf(connection.value.db);
  const copy = openCopy(paths.copy, endOfCopy(paths.copy), now);
  try {
    for (let before = -1; before < copy.head(); ) {
      before = copy.head();
      followUp(copy, rows, []);
    }
    copy.sync();
  } finally {
    copy.close();
    connection.value.close();
  }
  return ok(rebuilt);
}

function stillThere(file: string): Result<never> {
  return problem(
    "refused",
    `there is a journal at ${file}`,
    "put it aside first: `lastgood log rebuild` does both",
    file,
  );
}

function nothingLeft(file: string): Result<never> {
  return problem(
    "missing",
    `there is neither a damaged journal nor a copy of ${file}`,
    "put back the state folder from a backup",
    file,
  );
}

function wouldLose(file: string, seq: number, last: number): Result<never> {
  return problem(
    "needs-person",
    `the journal ${file} can be rebuilt up to fact ${seq}, but facts up to ${last} were there`,
    "look for an older copy of the state folder; or go on without them: `lastgood log rebuild --accept-loss`",
    file,
  );
}

function twoHistories(file: string, seq: number): Result<never> {
  return problem(
    "needs-person",
    `the damaged journal and the copy of ${file} tell different histories from fact ${seq} on`,
    "move the one that is wrong out of the state folder, then rebuild again",
    file,
  );
}
