// What a second place of any kind is given.
import type { Retention } from "../../../core/backups/retention.ts";
import type { Files } from "../../../ports/files.ts";
import type { PieceFiles } from "../../../ports/piece-files.ts";
import type { Tell } from "../../../ports/progress.ts";
import type { Shelf } from "./shelf.ts";

export type SecondConfig = {
  readonly keep: Retention;
  /** Absolute path of the folder of backups, where fetched ones go. */
  readonly backupDir: string;
};

export type SecondDeps = {
  readonly shelf: Shelf;
  /** Of the machine that the backups lie on. */
  readonly files: Files;
  readonly pieces: PieceFiles;
  readonly tell?: Tell;
};
