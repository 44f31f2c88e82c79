import type { Result } from "../core/result.ts";
import type { BackupFile } from "./backup-care.ts";
import type { Backup } from "./database.ts";

/** A whole copy of a backup at the second place. */
export type DistantBackup = Pick<Backup, "id" | "at" | "bytes" | "sha256" | "rows"> & {
  /** A drill restored it, and it was right. */
  readonly proved: boolean;
};

/**
 * Copies of the backups in another folder, on another machine, or in an object store.
 * Failures: `missing` (the place, or the copy), `unreachable`, `timeout`, `refused`, `no-space`, `read-only`, `damaged`,
 * `config`, `failed`.
 */
export interface SecondPlace {
  /** Where it is, for people. */
  readonly about: string;
  /** Copies what is not there yet, reads it back, and compares. Then drops what nobody keeps any more. Convergent. */
  keep(backup: Backup, files: readonly BackupFile[], proved: boolean): Promise<Result<void>>;
  /** What lies there whole, newest first, whoever brought it. */
  list(): Promise<Result<readonly DistantBackup[]>>;
  /** Brings a copy back into the folder of backups, every byte compared with its record. Convergent. */
  fetch(id: string): Promise<Result<DistantBackup>>;
}
