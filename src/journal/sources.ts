// What is left of a journal's facts: in a damaged file, read from a scratch copy of it, and in the NDJSON copy.
import type { Row } from "../core/chain.ts";
import { isIntact } from "../core/chain.ts";
import type { Message } from "../ports/journal.ts";
import { type Connection, connect } from "./connection.ts";
import { copyFile, look, removeScratch } from "./disk.ts";
import { linesOf } from "./lines.ts";
import { type Meta, readMeta } from "./meta.ts";
import { rowOfLine } from "./ndjson.ts";
import { wholeMessages } from "./outbox.ts";
import { journalPaths } from "./paths.ts";
import { rowsOf } from "./rows.ts";

export type Source = {
  /** The fact of that number, where it is whole. Numbers are asked for in rising order. */
  at(seq: number): Row | null;
  /** The highest number that the source knows of; known only in the end for a copy. */
  last(): number;
};

export type DamagedSource = Source & {
  /** The anchor, where it is whole. */
  readonly meta: Meta | null;
  messages(): readonly Message[];
  close(): void;
};

/** Null where SQLite cannot open it at all. The damaged file itself is only read. */
export function damagedSource(damaged: string, scratch: string): DamagedSource | null {
  dropScratch(scratch);
  copyFile(damaged, scratch);
  if (look(`${damaged}-wal`) !== null) copyFile(`${damaged}-wal`, `${scratch}-wal`);
  const connection = connect(journalPaths(scratch), true);
  if (!connection.ok) {
    dropScratch(scratch);
    return null;
  }
  return sourceOn(connection.value, scratch);
}

function sourceOn(connection: Connection, scratch: string): DamagedSource {
  const { db } = connection;
  const rows = quiet(() => rowsOf(db));
  const meta = quiet(() => readMeta(db));
  const anchor = meta?.ok ? meta.value : null;
  const greatest = quiet(() => db.prepare("SELECT max(seq) AS seq FROM event").get());
  return {
    meta: anchor,
    last: () => Math.max(anchor?.headSeq ?? 0, Number(greatest?.["seq"] ?? 0)),
    at(seq) {
      const row = quiet(() => rows?.one(seq));
      return row?.ok && row.value !== null && isIntact(row.value) ? row.value : null;
    },
    messages: () => quiet(() => wholeMessages(db)) ?? [],
    close() {
      connection.close();
      dropScratch(scratch);
    },
  };
}

/** A page that cannot be read costs what is on it, not the rest. */
function quiet<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}

function dropScratch(scratch: string): void {
  for (const end of ["", "-wal", "-journal"]) removeScratch(`${scratch}${end}`);
}

export type CopySource = Source & {
  /** Lines that are no whole fact. */
  bad(): number;
};

export function copySource(file: string): CopySource {
  const lines = linesOf(file);
  let row: Row | null = null;
  let bad = 0;
  let last = 0;

  /** Go on to the next whole fact. */
  function advance(): boolean {
    for (let line = lines.next(); !line.done; line = lines.next()) {
      row = rowOfLine(line.value);
      if (row === null) bad += 1;
      else {
        last = Math.max(last, row.seq);
        return true;
      }
    }
    row = null;
    return false;
  }

  return {
    at(seq) {
      while ((row === null || row.seq < seq) && advance());
      return row?.seq === seq ? row : null;
    },
    last() {
      while (advance());
      return last;
    },
    bad: () => bad,
  };
}
