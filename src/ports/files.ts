import type { Result } from "../core/result.ts";

export type FileStat = {
  readonly type: "file" | "directory" | "other";
  readonly size: number;
  /** Permission bits. */
  readonly mode: number;
  /** Device and inode, to tell a replaced file from a grown one. */
  readonly identity: string;
};

export type FileRange = { readonly offset: number; readonly length: number; readonly into?: Buffer };

/** Files of one host. Failures: `missing`, `no-space`, `read-only`, `failed`. */
export interface Files {
  /**
   * Up to `length` bytes from `offset`; the whole file without a range. `into`: memory that the answer may be a piece of, so
   * that who reads on and on does not ask for new memory each time; it must not be looked at in between.
   */
  read(path: string, range?: FileRange): Promise<Result<Buffer>>;
  /** Whole-file replace: temp file beside it, fsync, rename, fsync of the folder. Makes missing folders (0700). */
  replace(path: string, content: string | Buffer, mode: number): Promise<Result<void>>;
  /** Null when nothing is there. */
  stat(path: string): Promise<Result<(FileStat & { readonly freeBytes: number }) | null>>;
  /** Names in a folder, sorted; empty when the folder is missing. */
  list(path: string): Promise<Result<readonly string[]>>;
  /** Copy a file or a folder to a fresh path, fsynced; appears whole or not at all (rename at the end). */
  copy(from: string, to: string): Promise<Result<void>>;
  /** Remove a file or a folder; no error when it is gone already. */
  remove(path: string): Promise<Result<void>>;
}
