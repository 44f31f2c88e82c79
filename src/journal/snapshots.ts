// Saved folds. A cache: one that does not match its checksum or this journal's history is not there.
import type { DatabaseSync } from "node:sqlite";
import { genesis } from "../core/chain.ts";
import { sha256 } from "../core/digest.ts";
import { canonical } from "../core/json.ts";
import type { Snapshots } from "../ports/journal.ts";
import type { Guard } from "./guard.ts";
import type { Rows } from "./rows.ts";
import type { Writer } from "./transaction.ts";

/** A fold that needs more than this (16 MiB of JSON) is not bounded, and would make every start slow. */
const stateLength = 16 * 1024 * 1024;

export type Saved = { readonly seq: number; readonly eventHash: string; readonly state: string };

export function snapshotsOf(db: DatabaseSync, rows: Rows, writer: Writer, guard: Guard): Snapshots {
  const put = db.prepare("INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?, ?)");
  const get = db.prepare("SELECT seq, event_hash, state, sum FROM snapshot WHERE fold = ? AND version = ?");
  return {
    load: (fold, version) =>
      guard.read(() => {
        const raw = get.get(fold, version);
        if (raw === undefined) return null;
        const saved = {
          seq: Number(raw["seq"]),
          eventHash: String(raw["event_hash"]),
          state: String(raw["state"]),
        };
        if (raw["sum"] !== snapshotSum(fold, version, saved)) return null;
        if (hashAt(rows, saved.seq) !== saved.eventHash) return null;
        return { seq: saved.seq, state: JSON.parse(saved.state) };
      }),
    save(fold, version, seq, state) {
      const text = JSON.stringify(state);
      const eventHash = guard.read(() => hashAt(rows, seq));
      if (eventHash === null || text.length > stateLength) return;
      const sum = snapshotSum(fold, version, { seq, eventHash, state: text });
      writer.writeIfRoom(() => put.run(fold, version, seq, eventHash, text, sum));
    },
  };
}

/** The newest snapshot's place, as far as its checksum vouches for it: older facts were read before. */
export function newestSnapshot(db: DatabaseSync): number {
  let newest = 0;
  for (const raw of db.prepare("SELECT * FROM snapshot").iterate()) {
    const saved = {
      seq: Number(raw["seq"]),
      eventHash: String(raw["event_hash"]),
      state: String(raw["state"]),
    };
    const whole = raw["sum"] === snapshotSum(String(raw["fold"]), Number(raw["version"]), saved);
    if (whole) newest = Math.max(newest, saved.seq);
  }
  return newest;
}

function hashAt(rows: Rows, seq: number): string | null {
  if (seq === 0) return genesis;
  const row = rows.one(seq);
  return row.ok ? (row.value?.hash ?? null) : null;
}

/** What vouches for a saved fold; sha256 over all of it. */
export function snapshotSum(fold: string, version: number, saved: Saved): string {
  return sha256(canonical([fold, version, saved.seq, saved.eventHash, saved.state]));
}
