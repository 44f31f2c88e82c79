// Rows of the event table, as they are written and as they come back.
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { Row } from "../core/chain.ts";
import { err, ok, type Result } from "../core/result.ts";

const columns = "seq, type, t_wall, t_mono, boot, epoch, data, prev, hash";

export type Rows = {
  insert(row: Row): void;
  /** Rows with seq >= `from` in order, at most `limit`; in words what is wrong where one cannot be a row. */
  from(from: number, limit: number): Result<readonly Row[], string>;
  /** Null where there is none. */
  one(seq: number): Result<Row | null, string>;
  /** Sequence numbers of the newest rows of a type, below `before`, newest first. */
  newest(type: string, before: number, limit: number): readonly number[];
};

export function rowsOf(db: DatabaseSync): Rows {
  const insert = db.prepare(`INSERT INTO event (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const from = db.prepare(`SELECT ${columns} FROM event WHERE seq >= ? ORDER BY seq LIMIT ?`);
  const one = db.prepare(`SELECT ${columns} FROM event WHERE seq = ?`);
  const newest = db.prepare("SELECT seq FROM event WHERE type = ? AND seq < ? ORDER BY seq DESC LIMIT ?");
  return {
    insert(row) {
      insert.run(row.seq, row.type, row.at, row.mono, row.boot, row.epoch, row.data, row.prev, row.hash);
    },
    from: (start, limit) => decodeAll(from.all(whole(start), whole(limit))),
    one(seq) {
      const raw = one.get(whole(seq));
      return raw === undefined ? ok(null) : decode(raw);
    },
    newest: (type, before, limit) =>
      newest.all(type, whole(before), whole(limit)).map((row) => Number(row["seq"])),
  };
}

/** Infinity is how a caller says "all"; SQLite wants a number. */
function whole(n: number): number {
  return Math.max(0, Math.min(Math.ceil(n), Number.MAX_SAFE_INTEGER));
}

function decodeAll(raws: readonly Record<string, SQLOutputValue>[]): Result<readonly Row[], string> {
  const rows: Row[] = [];
  for (const raw of raws) {
    const row = decode(raw);
    if (!row.ok) return row;
    rows.push(row.value);
  }
  return ok(rows);
}

/** A flipped bit can turn a text into a number, so the kinds are looked at, not believed. */
function decode(raw: Record<string, SQLOutputValue>): Result<Row, string> {
  const { seq, type, t_wall, t_mono, boot, epoch, data, prev, hash } = raw;
  const numbers = [seq, t_wall, t_mono, epoch].every((value) => typeof value === "number");
  const texts = [type, boot, data, prev, hash].every((value) => typeof value === "string");
  if (!numbers || !texts) return err(`fact ${String(seq)} has columns of a wrong kind`);
  return ok({ seq, type, at: t_wall, mono: t_mono, boot, epoch, data, prev, hash } as Row);
}
