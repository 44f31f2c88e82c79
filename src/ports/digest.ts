import type { Result } from "../core/result.ts";

export type TreeEntry = {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly type: "file" | "directory" | "link";
  /** Permission bits; 0 for links. */
  readonly mode: number;
  /** sha256 of the content, or of a link's target; empty for a folder. */
  readonly sha256: string;
  /**
   * Device, inode, size and times: while it stays equal the content is unchanged.
   * Empty where that would not be safe to say (a folder, a link, a file changed a moment ago).
   */
  readonly identity: string;
};

export type Tree = {
  /** sha256 over names, modes and contents, sorted by name. The root's own name and mode do not count. */
  readonly digest: string;
  /** Content of all files. */
  readonly bytes: number;
  /** Sorted by path. */
  readonly entries: readonly TreeEntry[];
};

/** What a file was when it was last hashed, by path. */
export type KnownFiles = ReadonlyMap<string, { readonly identity: string; readonly sha256: string }>;

/** Digest of a folder. Files in `known` with the same identity are not read again. Failures: `missing`, `failed`. */
export type DigestTree = (root: string, known?: KnownFiles) => Promise<Result<Tree>>;
