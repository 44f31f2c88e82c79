// The marker table: which restores made a database what it is. Written into the new file before it gets the name.
import type { DatabaseSync } from "node:sqlite";

export const markerTable = "_lastgood_marker";
/** Older ones can't be asked for any more: their runs ended long ago. */
const MARKS_MAX = 1_000;

export type Mark = { readonly op: string; readonly at: number };

/** Oldest first; empty where the table is missing. */
export function readMarks(db: DatabaseSync): readonly Mark[] {
  const table = db.prepare("SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?").get(markerTable);
  if (!table) return [];
  const rows = db.prepare(`SELECT op, at FROM ${markerTable} ORDER BY seq`).all();
  return rows.map((row) => ({ op: String(row["op"]), at: Number(row["at"]) }));
}

/**
 * Add marks, newest last. The replaced database's marks come along, so that an op that was applied once is known
 * even after an older backup came back.
 */
export function addMarks(db: DatabaseSync, marks: readonly Mark[]): void {
  db.exec(
    `CREATE TABLE IF NOT EXISTS ${markerTable}(seq INTEGER PRIMARY KEY, op TEXT NOT NULL, at INTEGER NOT NULL)`,
  );
  const all = new Map([...readMarks(db), ...marks].map((mark) => [mark.op, mark]));
  const newest = marks.at(-1);
  if (newest) {
    all.delete(newest.op);
    all.set(newest.op, newest);
  }
  db.exec(`DELETE FROM ${markerTable}`);
  const insert = db.prepare(`INSERT INTO ${markerTable}(op, at) VALUES(?, ?)`);
  for (const { op, at } of [...all.values()].slice(-MARKS_MAX)) insert.run(op, at);
}
