// Hands the facts on: all of them as NDJSON, or new ones as they come.

import { brokenLink, emptyLink, isIntact, type Link, type Row } from "../core/chain.ts";
import type { Event } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { err, ok, type Problem, problem, type Result } from "../core/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { Journal } from "../ports/journal.ts";
import { type Inspection, inspectFile } from "./inspect.ts";
import { lineOf, lineOfEvent } from "./ndjson.ts";

/** How long a tail waits before it looks again. */
const tailPauseMs = 200;

/**
 * Write every fact after `after` as one line of canonical JSON (without the line end), verified on the way.
 * Returns how many. Throws `JournalStopped` at a damaged one, after all before it were written.
 */
export function exportJournal(journal: Journal, write: (line: string) => void, after = 0): number {
  let seq = after;
  for (;;) {
    const events = journal.read(seq, limits.journalTailEvents);
    for (const event of events) write(lineOfEvent(event));
    const last = events.at(-1);
    if (last === undefined) return seq - after;
    seq = last.seq;
  }
}

/** The same for a journal that nobody has open; `damaged` at the first fact that is not whole. */
export function exportJournalFile(file: string, write: (line: string) => void): Result<number> {
  const exported = inspectFile(
    file,
    (inspection) => exportRows(inspection, write),
    (seen) => seen.ok,
  );
  if (!exported.ok) return exported;
  return exported.value.ok ? ok(exported.value.value) : cutShort(file, exported.value.error);
}

function exportRows(inspection: Inspection, write: (line: string) => void): Result<number, string> {
  let link: Pick<Link, "seq" | "hash"> = emptyLink;
  for (;;) {
    const rows = inspection.rows(link.seq + 1, limits.journalTailEvents);
    if (!rows.ok) return rows;
    for (const row of rows.value) {
      const broken = brokenLink(link, row) ?? changed(row);
      if (broken !== null) return err(broken);
      write(lineOf(row));
      link = row;
    }
    if (rows.value.length === 0) return endsAt(inspection, link.seq);
  }
}

function changed(row: Row): string | null {
  return isIntact(row) ? null : `fact ${row.seq} does not match its hash`;
}

function endsAt(inspection: Inspection, seq: number): Result<number, string> {
  const anchor = inspection.anchor();
  if (!anchor.ok) return anchor;
  return anchor.value.headSeq === seq
    ? ok(seq)
    : err(`it should end with fact ${anchor.value.headSeq}, but ends with ${seq}`);
}

function cutShort(file: string, what: string): Result<never, Problem> {
  return problem(
    "damaged",
    `the export of ${file} is not complete: ${what}`,
    "run `lastgood log rebuild`, then export again",
    file,
  );
}

export type TailOptions = {
  /** Start after this fact; by default only what comes from now on. */
  readonly after?: number;
  readonly clock: Clock;
  /** Ends the tail. */
  readonly signal: AbortSignal;
};

/** Facts as they come, in order, each once. Ends when the signal aborts; throws `JournalStopped` with the journal. */
export async function* tailJournal(journal: Journal, options: TailOptions): AsyncGenerator<Event, void> {
  let seq = options.after ?? journal.head();
  while (!options.signal.aborted) {
    const events = journal.read(seq, limits.journalTailEvents);
    for (const event of events) {
      if (options.signal.aborted) return;
      yield event;
      seq = event.seq;
    }
    if (events.length === 0) await options.clock.sleep(tailPauseMs, options.signal);
  }
}
