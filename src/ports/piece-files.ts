import type { Result } from "../core/result.ts";

/** A file that is being written. It has no name yet that anybody looks for. */
export type Growing = {
  /** Where its bytes are meanwhile. */
  readonly path: string;
  /** That are there already, of a try that broke off. */
  readonly bytes: number;
  add(piece: Buffer): Promise<Result<void>>;
  /** On the disk, under its name, in the place of whatever had it. */
  finish(): Promise<Result<void>>;
  drop(): Promise<Result<void>>;
};

/**
 * Files that come piece by piece, so that none is ever whole in memory. Failures: `no-space`, `read-only`, `failed`,
 * on other machines also `unreachable`, `timeout`.
 */
export interface PieceFiles {
  /** Goes on where the last try for this path broke off. Makes missing folders (0700); the file is 0600. */
  open(path: string): Promise<Result<Growing>>;
}
