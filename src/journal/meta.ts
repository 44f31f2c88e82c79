// The one row that anchors the journal: its id, its epoch and its newest fact, guarded by a checksum.
import type { DatabaseSync } from "node:sqlite";
import { genesis } from "../core/chain.ts";
import { sha256 } from "../core/digest.ts";
import { canonical } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";

export type Meta = {
  readonly schema: number;
  /** Random id of this journal, made once. */
  readonly journal: string;
  readonly epoch: number;
  readonly headSeq: number;
  readonly headHash: string;
};

/** The row, or in words why it cannot be trusted. */
export function readMeta(db: DatabaseSync): Result<Meta, string> {
  const row = db.prepare("SELECT * FROM meta WHERE id = 1").get();
  if (row === undefined) return err("its meta row is missing");
  const meta = {
    schema: Number(row["schema_version"]),
    journal: String(row["journal"]),
    epoch: Number(row["epoch"]),
    headSeq: Number(row["head_seq"]),
    headHash: String(row["head_hash"]),
  };
  return row["sum"] === sum(meta) ? ok(meta) : err("its meta row does not match its checksum");
}

export function insertMeta(db: DatabaseSync, journal: string): void {
  const meta = { schema: 0, journal, epoch: 0, headSeq: 0, headHash: genesis };
  db.prepare("INSERT INTO meta VALUES (1, ?, ?, ?, ?, ?, ?)").run(...values(meta));
}

/** A function that writes the row; prepared once, because every append calls it. */
export function metaWriter(db: DatabaseSync): (meta: Meta) => void {
  const update = db.prepare(
    "UPDATE meta SET schema_version = ?, journal = ?, epoch = ?, head_seq = ?, head_hash = ?, sum = ? WHERE id = 1",
  );
  return (meta) => {
    update.run(...values(meta));
  };
}

export function setSchema(db: DatabaseSync, schema: number): void {
  const meta = readMeta(db);
  if (!meta.ok) throw new Error(meta.error);
  metaWriter(db)({ ...meta.value, schema });
}

function values(meta: Meta): [number, string, number, number, string, string] {
  return [meta.schema, meta.journal, meta.epoch, meta.headSeq, meta.headHash, sum(meta)];
}

function sum(meta: Meta): string {
  return sha256(canonical([meta.schema, meta.journal, meta.epoch, meta.headSeq, meta.headHash]));
}
