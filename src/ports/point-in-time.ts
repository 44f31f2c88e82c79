import type { Result } from "../core/result.ts";
import type { AskSql } from "./ask-sql.ts";
import type { Backup, Rehearsal } from "./database.ts";
import type { Op } from "./op.ts";

/** A moment of the past: one that was given a name, or any (wall clock, milliseconds). */
export type Moment =
  | { readonly kind: "point"; readonly name: string }
  | { readonly kind: "time"; readonly at: number };

/** A copy of the whole server, from which its later WAL is replayed. */
export type ServerSet = {
  readonly id: string;
  readonly kind: "full" | "diff" | "incr";
  /** When it was whole, wall clock, milliseconds. */
  readonly at: number;
  /** What it takes in its store, without those that it builds on. */
  readonly bytes: number;
};

export type NamedPoint = { readonly name: string; readonly at: number };

export type Reach = {
  /** For people: which tool, and what it calls this server. */
  readonly about: string;
  /** Newest first. */
  readonly sets: readonly ServerSet[];
  /** The oldest moment that can be gone back to; null where there is none. */
  readonly from: number | null;
  /** Newest first. */
  readonly points: readonly NamedPoint[];
};

/** What stands in the way, and what mends it: lines to paste, which are never written by us. */
export type Lack = {
  readonly what: string;
  readonly next: string;
  /** Into which file. */
  readonly file: string | null;
  readonly lines: readonly string[];
};

/**
 * A server whose WAL is archived, so that its databases can be had as they were at any moment.
 * The live server's folder is only read; what is restored lies in a new folder and is gone afterwards.
 * Failures as of `Database`; `missing` also where the archive does not reach to the moment.
 */
export interface PointInTime {
  reach(): Promise<Result<Reach>>;
  /** What is missing before this works; empty where nothing is. Only looks. */
  lacks(): Promise<Result<readonly Lack[]>>;
  /** One more copy of the server: full, differential or incremental by the age of those there are. */
  backUp(op: Op): Promise<Result<ServerSet>>;
  /** All that the archive holds is read again and compared: `damaged` where something is not as it was. */
  verify(): Promise<Result<void>>;
  /** The database as it was then becomes a backup like any other. The same moment gives the backup that there is. */
  recall(op: Op, moment: Moment): Promise<Result<Backup>>;
  /** As `recall` up to where its database can be read, measured, `look`ed at and taken away. Null: the newest point. */
  rehearse(
    moment: Moment | null,
    look?: (copy: AskSql) => Promise<void>,
  ): Promise<Result<Rehearsal & { readonly moment: string }>>;
}
