import type { Written } from "../core/backups/words.ts";
import type { Result } from "../core/result.ts";
import type { AskSql } from "./ask-sql.ts";
import type { Backup } from "./database.ts";
import type { Op } from "./op.ts";

export type Since = {
  readonly written: readonly Written[];
  /** What these figures cannot show, in words for people. Empty: nothing is hidden. */
  readonly gaps: readonly string[];
};

/** One file of a backup, where it lies now. */
export type BackupFile = {
  /** Inside of the backup, with `/`. */
  readonly name: string;
  readonly path: string;
};

/**
 * What a database's backups need beside taking and restoring them. Failures as of `Database`.
 */
export interface BackupCare {
  /** What was written since a backup, by table, without restoring it; only tables that differ. Of a kept one: since it was replaced. */
  since(backup: string): Promise<Result<Since>>;
  /** Read every byte of it again and compare with what was written down: `damaged` where they differ. */
  verify(backup: string): Promise<Result<void>>;
  /** All that is needed to restore it elsewhere. */
  files(backup: string): Promise<Result<readonly BackupFile[]>>;
  /** A file or folder from elsewhere becomes a backup of ours, proved whole. Convergent by its op. */
  intake(op: Op, path: string): Promise<Result<Backup>>;
  /** Questions to the live database. */
  readonly ask: AskSql;
}
