// The second copy of every fact: `journal.ndjson` beside the SQLite file, for rebuilding and for people.
//
// What it guarantees: it never runs ahead of the journal (it is written after the commit), it holds everything
// up to the last append but one after a `kill -9`, and after a power loss everything up to the last checkpoint
// (only then is it fsynced: the journal itself is what is durable). What it lacks is added at the next open
// or append, a bounded slice at a time. It grows without rotation, about as large as the journal.
// So a copy that is AHEAD of the journal proves that the journal lost facts or is an old copy of itself.
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeFileSync, writeSync } from "node:fs";
import { emptyLink, type Link, type Row } from "../core/chain.ts";
import { freeName, look, makePrivate, readBytes, rename } from "./disk.ts";
import { messageOf } from "./faults.ts";
import { lineOf, rowOfLine } from "./ndjson.ts";
import { fileTime } from "./paths.ts";

/** Where the last whole line is looked for; a line is well under half of it (limits.eventDataBytes). */
const windowBytes = 1024 * 1024;

export type CopyEnd = {
  /** The last whole fact in the copy; seq 0 when it has none. */
  readonly last: Pick<Link, "seq" | "hash">;
  /** Bytes up to and with that line. */
  readonly bytes: number;
  /** Bytes after it: a torn line, or damage. */
  readonly torn: number;
  /** Why the copy cannot be read; null when it can. It is left alone then: the journal goes on without it. */
  readonly unreadable: string | null;
};

const noCopy: CopyEnd = { last: emptyLink, bytes: 0, torn: 0, unreadable: null };

/** Read the end of the copy. Changes nothing, never throws; costs the same however long the copy is. */
export function endOfCopy(file: string): CopyEnd {
  try {
    const size = look(file)?.size ?? 0;
    return size === 0 ? noCopy : lastLine(file, size);
  } catch (error) {
    return { ...noCopy, unreadable: messageOf(error) };
  }
}

function lastLine(file: string, size: number): CopyEnd {
  const start = Math.max(0, size - windowBytes);
  const window = readBytes(file, start, windowBytes);
  for (let newline = window.lastIndexOf(0x0a); newline >= 0; ) {
    const before = newline === 0 ? -1 : window.lastIndexOf(0x0a, newline - 1);
    // The first line of a window that starts inside the file is cut; its rear half cannot match its hash.
    const row = rowOfLine(window.toString("utf8", before + 1, newline));
    const bytes = start + newline + 1;
    if (row !== null) return { last: row, bytes, torn: size - bytes, unreadable: null };
    newline = before;
  }
  return { ...noCopy, torn: size };
}

export type Copy = {
  /** Sequence number of the newest fact in it. */
  head(): number;
  /** Add rows that follow its head. Never throws: the journal has them already; see `problem`. */
  follow(rows: readonly Row[]): void;
  /** Why it could not be written last time; null while it is well. */
  problem(): string | null;
  /** Make what it has durable. */
  sync(): void;
  close(): void;
};

/** Open it for adding. What stands after its last whole line is kept aside, not lost. */
export function openCopy(file: string, end: CopyEnd, now: number): Copy {
  let head = end.last.seq;
  let bytes = end.bytes;
  let torn = false;
  let problem = end.unreadable;
  let fd: number | null = null;

  function attempt(work: (fd: number) => void): void {
    if (end.unreadable !== null) return;
    try {
      fd ??= prepare(file, end, now);
      work(fd);
      problem = null;
    } catch (error) {
      problem = messageOf(error);
    }
  }

  return {
    head: () => head,
    problem: () => problem,
    follow(rows) {
      if (rows.length === 0) return;
      attempt((open) => {
        if (torn) ftruncateSync(open, bytes);
        torn = true;
        const text = Buffer.from(rows.map((row) => `${lineOf(row)}\n`).join(""));
        writeAll(open, text, bytes);
        torn = false;
        bytes += text.length;
        head = rows[rows.length - 1]?.seq ?? head;
      });
    },
    sync: () => attempt(fsyncSync),
    close() {
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

function prepare(file: string, end: CopyEnd, now: number): number {
  if (end.torn > 0 && end.bytes === 0) rename(file, freeName(`${file}.damaged-${fileTime(now)}`));
  makePrivate(file);
  if (end.torn > 0 && end.bytes > 0) {
    const rest = readBytes(file, end.bytes, end.torn);
    writeFileSync(freeName(`${file}.torn-${fileTime(now)}`), rest, { mode: 0o600, flush: true });
  }
  const fd = openSync(file, "r+");
  if (fstatSync(fd).size > end.bytes) ftruncateSync(fd, end.bytes);
  return fd;
}

function writeAll(fd: number, text: Buffer, position: number): void {
  let done = 0;
  while (done < text.length) done += writeSync(fd, text, done, text.length - done, position + done);
}
