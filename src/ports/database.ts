import type { Result } from "../core/result.ts";
import type { DatabaseMoment } from "../core/salvage/window.ts";
import type { AskSql } from "./ask-sql.ts";
import type { Op } from "./op.ts";

export type Backup = {
  /** `<label>-<op>`: fresh for each op. What a restore kept is `before-<op of the restore>`. */
  readonly id: string;
  readonly op: string;
  readonly at: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Rows by table at the moment of the backup. */
  readonly rows: Readonly<Record<string, number>>;
  /** Why it can't be restored (a damaged database that a restore kept); absent where it can. */
  readonly damaged?: string;
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

/**
 * A database with a way back.
 * Failures: `missing`, `no-space`, `damaged`, `busy`, `failed`; of mutations also `fenced`, `conflict`, `cancelled`.
 */
export interface Database {
  /** A consistent copy of the running database under a fresh name. Convergent: the same op gives the same backup. */
  backUp(op: Op, label: string): Promise<Result<Backup>>;
  /** Backups known here, newest first. Reads manifests, which exist only for finished backups. */
  backups(): Promise<Result<readonly Backup[]>>;
  /**
   * Really restore it into a scratch place, check integrity and counts, measure, remove it.
   * `look` is called with the restored copy before it goes; its time does not count.
   */
  rehearse(backup: string, look?: (copy: AskSql) => Promise<void>): Promise<Result<Rehearsal>>;
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
  /** By which rows written later are told from older ones. Null where this kind of database can't tell. */
  moment?(): Promise<Result<DatabaseMoment | null>>;
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
