import type { Event, EventType, NewEvent } from "../core/event.ts";
import type { Result } from "../core/result.ts";

export type Message = {
  /** Stable: a second send of the same key must be harmless. */
  readonly key: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
};

/** The log of facts. Synchronous: when `append` returns, the facts are on disk. */
export interface Journal {
  /** Sequence number of the newest fact; 0 when empty. */
  head(): number;
  /** Raise the epoch to above `floor`, durably: after a lock was broken, or when a target knows a higher one. */
  raiseEpoch(floor: number): number;
  /** The epoch that this opening of the journal was given: one higher than any before. */
  epoch(): number;
  /**
   * Write facts (and messages, in the same transaction) after `after`.
   * `conflict` when somebody else wrote first; `refused` when a fact is larger than `limits.eventDataBytes`.
   * Where the wall clock has jumped a `clock.jumped` comes first, so go on from the last returned fact,
   * not from `after` plus the number given.
   * Throws `JournalStopped` on any write error: the outcome is unknown, so all effects must stop.
   */
  append(after: number, events: readonly NewEvent[], messages?: readonly Message[]): Result<readonly Event[]>;
  /**
   * A write found the disk full and was done with space kept aside for that; there is little of it.
   * Begin nothing new that can wait: pause runs that need space. A further full write throws `JournalStopped`.
   */
  diskFull(): boolean;
  /** Facts with seq > `after`, oldest first, at most `limit`. Throws `JournalStopped` where one is damaged. */
  read(after: number, limit: number): readonly Event[];
  /** The newest facts of some types, newest first: pages of history without reading everything. */
  newest(types: readonly EventType[], before: number, limit: number): readonly Event[];
  /** A fold's saved state, and the outbox. */
  readonly snapshots: Snapshots;
  readonly outbox: Outbox;
  close(): void;
}

/** Saved folds: a cache, never a truth. A missing or refused one costs time only. */
export interface Snapshots {
  load(fold: string, version: number): { readonly seq: number; readonly state: unknown } | null;
  save(fold: string, version: number, seq: number, state: unknown): void;
}

export interface Outbox {
  pending(limit: number): readonly (Message & { readonly id: number; readonly attempts: number })[];
  tried(id: number): void;
  /** Remove it; the caller journals `message.sent` or `message.given-up` through `append`. */
  settled(id: number): void;
}

/** The journal could not write or read. Nothing may act any more; exit, restart, recover. */
export class JournalStopped extends Error {
  override name = "JournalStopped";
}
