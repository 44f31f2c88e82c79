// Full verification: every fact, every link, the anchor, SQLite's own check, and the copy.

import { brokenLink, emptyLink, isIntact, type Link, type Row } from "../core/chain.ts";
import type { Result } from "../core/result.ts";
import type { Clock } from "../ports/clock.ts";
import type { SqliteJournal } from "./handle.ts";
import { type Inspection, inspectFile } from "./inspect.ts";
import { linesOf } from "./lines.ts";
import { rowOfLine } from "./ndjson.ts";

/** Facts looked at between two reports of progress; some milliseconds of work. */
const sliceFacts = 1_000;
/** Between two slices in the background: a fraction of a slice, so that it is soon done and never in the way. */
const slicePauseMs = 5;
/** Findings that are kept; the first ones say where to look. */
const keptFindings = 100;

export type Finding = {
  readonly part: "journal" | "anchor" | "sqlite" | "copy";
  readonly seq: number | null;
  readonly what: string;
};

export type Progress = {
  readonly part: "journal" | "sqlite" | "copy";
  readonly done: number;
  readonly of: number;
};

export type Verification = {
  readonly whole: boolean;
  /** Facts in the journal, and how many of them the copy has. */
  readonly facts: number;
  readonly copied: number;
  /** What is wrong, first things first; at most 100. */
  readonly findings: readonly Finding[];
};

export type VerifyOptions = {
  /** Leave SQLite's own check out: it cannot be cut into slices. What only it finds is damage outside the facts. */
  readonly integrity?: boolean;
};

type Notes = { facts: number; copied: number; findings: Finding[] };

/**
 * Verify in slices: each `next()` does some milliseconds of work (SQLite's check excepted), so that a controller
 * can do other things in between. Facts appended meanwhile are verified too.
 */
export function* verification(
  inspection: Inspection,
  options: VerifyOptions = {},
): Generator<Progress, Verification> {
  const notes: Notes = { facts: 0, copied: 0, findings: [] };
  yield* verifyFacts(inspection, notes);
  if (options.integrity !== false) {
    yield { part: "sqlite", done: 0, of: 1 };
    for (const what of inspection.integrity()) note(notes, { part: "sqlite", seq: null, what });
  }
  yield* verifyCopy(inspection, notes);
  return { whole: notes.findings.length === 0, ...notes };
}

/** Verify an open journal in one go. */
export function verifyJournal(
  journal: SqliteJournal,
  onProgress: (progress: Progress) => void = () => {},
  options: VerifyOptions = {},
): Verification {
  return drive(verification(journal.inspect(), options), onProgress);
}

/**
 * Verify an open journal beside other work, a slice at a time, without SQLite's own check. Null when the signal ended
 * it first; abort before the journal is closed.
 */
export async function verifyInBackground(
  journal: SqliteJournal,
  clock: Clock,
  signal: AbortSignal,
): Promise<Verification | null> {
  const work = verification(journal.inspect(), { integrity: false });
  while (!signal.aborted) {
    const step = work.next();
    if (step.done) return step.value;
    await clock.sleep(slicePauseMs, signal);
  }
  return null;
}

/** Verify a journal that nobody has open; `busy` where a controller has it: then ask that one. */
export function verifyJournalFile(
  file: string,
  onProgress: (progress: Progress) => void = () => {},
): Result<Verification> {
  return inspectFile(
    file,
    (inspection) => drive(verification(inspection), onProgress),
    ({ findings }) => findings.every((finding) => finding.part === "copy"),
  );
}

function drive(
  work: Generator<Progress, Verification>,
  onProgress: (progress: Progress) => void,
): Verification {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    onProgress(step.value);
  }
}

function* verifyFacts(inspection: Inspection, notes: Notes): Generator<Progress, void> {
  let link: Pick<Link, "seq" | "hash"> = emptyLink;
  for (;;) {
    const rows = inspection.rows(link.seq + 1, sliceFacts);
    if (!rows.ok) {
      note(notes, { part: "journal", seq: link.seq + 1, what: rows.error });
      return;
    }
    for (const row of rows.value) {
      const broken =
        brokenLink(link, row) ?? (isIntact(row) ? null : `fact ${row.seq} does not match its hash`);
      if (broken !== null) note(notes, { part: "journal", seq: row.seq, what: broken });
      link = row;
    }
    notes.facts += rows.value.length;
    const anchor = inspection.anchor();
    // Nothing can be appended between these two looks: both happen in one slice.
    if (rows.value.length < sliceFacts) {
      checkAnchor(anchor, link, notes);
      return;
    }
    yield { part: "journal", done: link.seq, of: anchor.ok ? anchor.value.headSeq : link.seq };
  }
}

function checkAnchor(
  anchor: ReturnType<Inspection["anchor"]>,
  link: Pick<Link, "seq" | "hash">,
  notes: Notes,
): void {
  if (!anchor.ok) {
    note(notes, { part: "anchor", seq: null, what: anchor.error });
    return;
  }
  const { headSeq, headHash } = anchor.value;
  if (headSeq === link.seq && headHash === link.hash) return;
  note(notes, {
    part: "anchor",
    seq: link.seq,
    what: `the journal should end with fact ${headSeq}, but ends with ${link.seq}`,
  });
}

/** Each line against the fact of the same number; a copy may lack the newest facts, but not one in between. */
function* verifyCopy(inspection: Inspection, notes: Notes): Generator<Progress, void> {
  let batch: Row[] = [];
  let seq = 0;
  for (const line of linesOf(inspection.copy)) {
    seq += 1;
    const row = rowOfLine(line);
    if (row === null || row.seq !== seq)
      note(notes, { part: "copy", seq, what: `line ${seq} of the copy is not fact ${seq}` });
    else batch.push(row);
    if (batch.length < sliceFacts) continue;
    compare(inspection, batch, notes);
    batch = [];
    yield { part: "copy", done: seq, of: notes.facts };
  }
  compare(inspection, batch, notes);
}

function compare(inspection: Inspection, batch: readonly Row[], notes: Notes): void {
  const first = batch[0]?.seq ?? 0;
  const last = batch.at(-1)?.seq ?? -1;
  const there = inspection.rows(first, last - first + 1);
  const hashes = new Map((there.ok ? there.value : []).map((row) => [row.seq, row.hash]));
  for (const row of batch) {
    if (hashes.get(row.seq) === row.hash) notes.copied += 1;
    else note(notes, { part: "copy", seq: row.seq, what: `fact ${row.seq} is another one in the copy` });
  }
}

function note(notes: Notes, finding: Finding): void {
  if (notes.findings.length < keptFindings) notes.findings.push(finding);
}
