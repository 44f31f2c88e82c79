// What a second place is made of, whatever kind it is: files by name (`<backup>/<file>`, with slashes), and no more.
import type { Result } from "../../../core/result.ts";

/** A file that is read piece by piece. */
export type Source = {
  readonly bytes: number;
  readonly sha256: string;
  /** So many bytes from there; fewer only at its end. */
  read(offset: number, length: number): Promise<Result<Buffer>>;
};

/** Told how many bytes are done. */
export type Told = (bytes: number) => void;

/** Failures as of `SecondPlace`. */
export interface Shelf {
  readonly about: string;
  /** Is it there, and may we? */
  ready(): Promise<Result<void>>;
  /** Names at the top: backups, and whatever else people put there. */
  ids(): Promise<Result<readonly string[]>>;
  /**
   * Brings a file there, whole or not at all. True: the other side computed the sha256 of what it has, and it is the
   * right one. False: it cannot tell, and what it has must be read back. Convergent: what is there already stays.
   */
  put(name: string, source: Source, told: Told): Promise<Result<boolean>>;
  /** So many bytes from there; fewer only at its end. `missing` where there is no such file. */
  read(name: string, offset: number, length: number): Promise<Result<Buffer>>;
  /** A small text, in the place of any before. */
  write(name: string, text: string): Promise<Result<void>>;
  /** A file, or a backup with all that lies under it. No error where it is gone already. */
  drop(name: string): Promise<Result<void>>;
}

/** How much of a file is in memory at once. */
export const pieceBytes = 8 * 1024 * 1024;
