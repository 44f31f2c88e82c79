// Reads the embedded proxy's access log from a position, across rotation.
import { join } from "node:path";
import type { Observation } from "../../../core/detect/finding.ts";
import { limits } from "../../../core/limits.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import { observationOf } from "./access-line.ts";

/** Number of the file (it is in its name and never used twice) and bytes of it that are done. */
export type LogPosition = {
  readonly sequence: number;
  readonly offset: number;
  /** In the middle of a line that is too long: everything up to its end is skipped. */
  readonly skipping: boolean;
};

export type LogRead = {
  readonly observations: readonly Observation[];
  readonly unparsed: number;
  readonly next: LogPosition;
  /** New bytes were seen. */
  readonly grew: boolean;
  /** Not read to the end. */
  readonly more: boolean;
  /** Lines between the former position and what is left were removed unread. */
  readonly lost: boolean;
};

const newline = 0x0a;

export async function logSequences(dir: string, files: Files): Promise<Result<readonly number[]>> {
  const names = await files.list(dir);
  if (!names.ok) return names;
  const digits = names.value.map((name) => /^access-(\d{8})\.ndjson$/.exec(name)?.[1]);
  return ok(
    digits
      .filter((one) => one !== undefined)
      .map(Number)
      .sort((a, b) => a - b),
  );
}

export function logPath(dir: string, sequence: number): string {
  return join(dir, `access-${String(sequence).padStart(8, "0")}.ndjson`);
}

/** The end of the newest file: reading goes on from here. */
export async function logEnd(dir: string, files: Files): Promise<Result<LogPosition>> {
  const sequences = await logSequences(dir, files);
  if (!sequences.ok) return sequences;
  const sequence = sequences.value.at(-1);
  if (sequence === undefined) return ok(startOf(1));
  const stat = await files.stat(logPath(dir, sequence));
  return stat.ok ? ok({ sequence, offset: stat.value?.size ?? 0, skipping: false }) : stat;
}

/** At most `limits.accessReadBytes` from `from` on. */
export async function readLog(dir: string, from: LogPosition, files: Files): Promise<Result<LogRead>> {
  // The list comes first: a file that has a successor in it is complete, whatever is read from it afterwards.
  const sequences = await logSequences(dir, files);
  if (!sequences.ok) return sequences;
  const known = sequences.value;
  const newest = known.at(-1);
  if (newest === undefined) return ok(nothing(from, from.offset > 0));
  if (known.includes(from.sequence)) return readOne(dir, from, files, newest);
  // Our file is gone: go on with the next one that is left, or with a log that was begun anew.
  const sequence = known.find((one) => one > from.sequence) ?? newest;
  const read = await readOne(dir, startOf(sequence), files, newest);
  return read.ok ? ok({ ...read.value, lost: true }) : read;
}

function startOf(sequence: number): LogPosition {
  return { sequence, offset: 0, skipping: false };
}

async function readOne(
  dir: string,
  from: LogPosition,
  files: Files,
  newest: number,
): Promise<Result<LogRead>> {
  const path = logPath(dir, from.sequence);
  const bytes = await files.read(path, { offset: from.offset, length: limits.accessReadBytes });
  if (!bytes.ok) return bytes;
  const buffer = bytes.value;
  if (buffer.length === 0) return emptyRead(path, from, files, newest);
  const cut = cutLines(buffer, from.skipping);
  const full = buffer.length === limits.accessReadBytes;
  const rest = buffer.length - cut.used;
  const read = parse(cut.lines);
  const unparsed = read.unparsed + cut.oversized;
  const base = {
    observations: read.observations,
    grew: true,
    lost: false,
    more: full || from.sequence < newest,
  };
  // A line that fills a whole read without an end is too long to be ours.
  if (cut.used === 0 && full) {
    const next = { sequence: from.sequence, offset: from.offset + buffer.length, skipping: true };
    return ok({ ...base, unparsed: unparsed + (from.skipping ? 0 : 1), next });
  }
  const offset = from.offset + cut.used;
  const skipping = from.skipping && cut.used === 0;
  if (!full && from.sequence < newest) {
    // The proxy moved on: half a line at the end of a finished file will never be a whole one.
    return ok({
      ...base,
      unparsed: unparsed + (rest > 0 && !skipping ? 1 : 0),
      next: startOf(from.sequence + 1),
    });
  }
  return ok({ ...base, unparsed, grew: cut.used > 0, next: { sequence: from.sequence, offset, skipping } });
}

async function emptyRead(
  path: string,
  from: LogPosition,
  files: Files,
  newest: number,
): Promise<Result<LogRead>> {
  const stat = await files.stat(path);
  if (!stat.ok) return stat;
  const shrunk = (stat.value?.size ?? 0) < from.offset;
  if (from.sequence < newest) return ok(nothing(startOf(from.sequence + 1), shrunk));
  return ok(nothing(shrunk ? startOf(from.sequence) : from, shrunk));
}

function nothing(next: LogPosition, lost: boolean): LogRead {
  return { observations: [], unparsed: 0, next, grew: false, lost, more: false };
}

type Cut = { readonly lines: readonly string[]; readonly used: number; readonly oversized: number };

/** Whole lines of a piece of the file; what follows the last newline is left for next time. */
function cutLines(buffer: Buffer, skipping: boolean): Cut {
  const lines: string[] = [];
  let oversized = 0;
  let start = 0;
  let skip = skipping;
  for (let end = buffer.indexOf(newline); end >= 0; end = buffer.indexOf(newline, start)) {
    // The end of a line that was counted when its beginning was met.
    if (skip) skip = false;
    else if (end - start > limits.accessLineBytes) oversized += 1;
    else if (end > start) lines.push(buffer.toString("utf8", start, end));
    start = end + 1;
  }
  return { lines, used: start, oversized };
}

function parse(lines: readonly string[]): { observations: Observation[]; unparsed: number } {
  const observations: Observation[] = [];
  let unparsed = 0;
  for (const line of lines) {
    const seen = observationOf(line);
    if (seen === "unparsed") unparsed += 1;
    else if (seen !== null) observations.push(seen);
  }
  return { observations, unparsed };
}
