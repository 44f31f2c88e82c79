import type { Result } from "../core/result.ts";
import type { DatabaseMoment } from "../core/salvage/window.ts";
import type { AskSql } from "./ask-sql.ts";
import type { Op } from "./op.ts";

/** One way to keep a restore point: looked at, and chosen or not. */
export type Rung = {
  readonly way: string;
  readonly chosen: boolean;
  readonly why: string;
  /** What going back this way takes, milliseconds, as measured here; null or left out where nothing was measured. */
  readonly backMs?: number | null | undefined;
};

/** What became of a template copy. Plain data: a step keeps it as its evidence. */
export type Copied = {
  /** Name of the copy; null where none was taken. */
  readonly copy: string | null;
  readonly why: string;
};

/** Copies of the database as it lies there, taken while nobody is in it: going back to one is the swap alone. */
export interface TemplateCopies {
  /** The ways that a restore point would be kept by now, and whether a copy is among them. Changes nothing. */
  look(): Promise<Result<{ readonly rungs: readonly Rung[]; readonly copy: boolean }>>;
  /**
   * Take one while requests wait: whoever idles in the database is ended, whoever comes waits for it. Convergent by its op.
   * `copy` is null where somebody works in it, or it would take too long: nothing was touched then.
   */
  take(op: Op): Promise<Result<Copied>>;
}

import type { Caller } from "./trials.ts";

export type Backup = {
  /** `<label>-<op>`: fresh for each op. What a restore kept is `before-<op of the restore>`. */
  readonly id: string;
  readonly op: string;
  readonly at: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Rows by table at the moment of the backup. */
  readonly rows: Readonly<Record<string, number>>;
  /** Ways that were looked at when it was taken; absent where there is only one. */
  readonly ladder?: readonly Rung[];
  /** Why it can't be restored (a damaged database that a restore kept); absent where it can. */
  readonly damaged?: string;
  /** Id of the release that served when it was taken; absent where nobody knew. */
  readonly release?: string;
};

/**
 * What a restore would cost: rows now, less rows then, by table (negative: rows were deleted since).
 * Only tables that differ; equal counts mean that rows were changed. 0 stands for a table that is not there.
 */
export type Loss = { readonly table: string; readonly then: number; readonly now: number };

export type Rehearsal = {
  /** What the restore took, monotonic milliseconds. */
  readonly ms: number;
  readonly losses: readonly Loss[];
  /** Why the losses could not be told (the live database is damaged or held); absent where they were. */
  readonly lossesUnknown?: string;
};

/** A copy beside the live database, on the same server: it may be written to, and is thrown away. */
export type CopyPlace = {
  /** Their names on the server. */
  readonly live: string;
  readonly copy: string;
  /** Lets the app's role in, and nobody else. Before anybody is sent there. */
  open(): Promise<Result<void>>;
  /**
   * Sessions of those who were sent to the copy: how many it has or had since `open`, and how many are in the live
   * database, known by what they call themselves (`mark`) or by where they come from.
   */
  seen(mark: string, callers: readonly Caller[]): Promise<Result<{ copy: number; live: number }>>;
};

/** With a restored copy before it goes. `place` null: nobody may be sent there. */
export type LookAtCopy = (copy: AskSql, place: CopyPlace | null) => Promise<void>;

/**
 * A database with a way back.
 * Failures: `missing`, `no-space`, `damaged`, `busy`, `failed`; of mutations also `fenced`, `conflict`, `cancelled`.
 */
export interface Database {
  /**
   * A consistent copy of the running database under a fresh name. Convergent: the same op gives the same backup.
   * `copied`: what a template copy came to before; where there is one, the backup is of its moment.
   */
  backUp(op: Op, label: string, copied?: Copied | null): Promise<Result<Backup>>;
  /** Backups known here, newest first. Reads manifests, which exist only for finished backups. */
  backups(): Promise<Result<readonly Backup[]>>;
  /**
   * Really restore it into a scratch place, check integrity and counts, measure, remove it.
   * `look` is called with the restored copy before it goes; its time does not count.
   */
  rehearse(backup: string, look?: LookAtCopy): Promise<Result<Rehearsal>>;
  /**
   * Restore it beside the live one and prove it whole, while the app goes on: then `restore` of the same backup is the
   * swap alone. Convergent. Not there where a restore is quick enough without.
   */
  readonly prepare?: (op: Op, backup: string) => Promise<Result<void>>;
  /**
   * Put a backup in place of the live database. ONCE: prepares and verifies under a fresh name, then one
   * atomic commit that leaves `op` as a marker inside the target and keeps what was there.
   * The app must not run: `busy` where something still has the database open.
   * `kept` is the backup `before-<op>`, or empty where there was no database to keep.
   * `conflict` where this op was applied before and another restore came after it.
   */
  restore(op: Op, backup: string): Promise<Result<{ readonly kept: string }>>;
  /** The op of the newest restore, read from the live database itself; null where there was none. */
  marker(): Promise<Result<string | null>>;
  /**
   * Identity of the content now: equal strings, equal rows. For "has anybody written since?"
   * A restore's own marker does not count, so it is the same again after going there and back.
   * Where the content is too large to compare, each answer differs from every other.
   */
  position(): Promise<Result<string>>;
  /** Not there where a restore point is always kept in one way. */
  readonly copies?: TemplateCopies;
  /** By which rows written later are told from older ones. Null where this kind of database can't tell. */
  moment?(): Promise<Result<DatabaseMoment | null>>;
  /** Drops copies that a dead controller left. Only while nobody works on one. Cheap where none is noted. */
  sweep?(): Promise<Result<void>>;
}

/** User and group ids, and permission bits. */
export type FileOwner = { readonly uid: number; readonly gid: number; readonly mode: number };

/**
 * Acts on a live file that `Files` leaves out, for databases that are one file. Each is durable when it returns.
 * Failures: `missing`, `no-space`, `read-only`, `failed`.
 */
export interface FileSwap {
  /** The path with symbolic links followed; the path itself where nothing is there. */
  real(path: string): Promise<Result<string>>;
  /** Null when nothing is there. `ours`: files that we make can be like it, because we are its owner or root. */
  owner(path: string): Promise<Result<{ readonly owner: FileOwner; readonly ours: boolean } | null>>;
  /** Change owner and mode where they differ, and fsync the content. */
  give(path: string, owner: FileOwner): Promise<Result<void>>;
  /** A second name for the same file. False where the file system, or its rules, allow none. */
  link(from: string, to: string): Promise<Result<boolean>>;
  /** One atomic rename over whatever has the name. An error leaves open whether it happened. */
  rename(from: string, to: string): Promise<Result<void>>;
  /** fsync a file or a folder. */
  sync(path: string): Promise<Result<void>>;
}

/** Pids of other processes that have this very file open, under whatever name; as far as we may see them. */
export type OpenedBy = (path: string) => Promise<readonly number[]>;
