// The journal's own files besides SQLite's: synchronous, because a fact must be on disk when `append` returns.
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";

const privateFile = 0o600;
const privateFolder = 0o700;

/** Size in bytes and identity (device and inode); null where nothing is. Does not open the file. */
export function look(path: string): { readonly size: number; readonly identity: string } | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat ? { size: stat.size, identity: `${stat.dev}:${stat.ino}` } : null;
}

/** Make the folder where it is missing, for us alone. A folder that is there keeps its mode: it may not be ours. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  let parent = dirname(folder);
  while (!existsSync(parent)) parent = dirname(parent);
  // Node's recursive mkdir says "no such file" for a read-only disk; this says what is so.
  accessSync(parent, constants.W_OK);
  mkdirSync(folder, { recursive: true, mode: privateFolder });
}

/**
 * Make the file empty where it is missing, and take it away from others. Made by root in somebody's folder it
 * becomes theirs: `sudo lastgood rollback` must not lock the service user out of its own journal.
 */
export function makePrivate(path: string): void {
  if (existsSync(path)) {
    if (statSync(path).mode & 0o077) chmodSync(path, privateFile);
    return;
  }
  closeSync(openSync(path, constants.O_CREAT | constants.O_RDWR | constants.O_EXCL, privateFile));
  const owner = statSync(dirname(path));
  if (process.geteuid?.() === 0 && owner.uid !== 0) chownSync(path, owner.uid, owner.gid);
  syncFolder(dirname(path));
}

/** Throws the system's error where the file, or new files beside it, cannot be written: SQLite's own is vaguer. */
export function requireWritable(path: string): void {
  accessSync(dirname(path), constants.W_OK);
  accessSync(path, constants.R_OK | constants.W_OK);
}

/** A new name is durable only once its folder is. */
export function syncFolder(folder: string): void {
  syncFile(folder);
}

export function syncFile(path: string): void {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** At most `length` bytes from `offset`. */
export function readBytes(path: string, offset: number, length: number): Buffer {
  const fd = openSync(path, constants.O_RDONLY);
  try {
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, fstatSync(fd).size - offset)));
    let filled = 0;
    while (filled < buffer.length) {
      const got = readSync(fd, buffer, filled, buffer.length - filled, offset + filled);
      if (got === 0) break;
      filled += got;
    }
    return buffer.subarray(0, filled);
  } finally {
    closeSync(fd);
  }
}

export function freeBytes(folder: string): number {
  const disk = statfsSync(folder);
  return disk.bavail * disk.bsize;
}

/** A second name for the same file; a copy where the file system has no links. */
export function alsoAs(path: string, name: string): void {
  try {
    linkSync(path, name);
  } catch {
    copyFileSync(path, name, constants.COPYFILE_EXCL);
    syncFile(name);
  }
}

/** `path`, or `path.2`, `path.3`, … where that is taken: what was put aside once is never overwritten. */
export function freeName(path: string): string {
  let name = path;
  for (let i = 2; existsSync(name); i += 1) name = `${path}.${i}`;
  return name;
}

/** Names in `folder` that begin with `start`, sorted. */
export function namesLike(folder: string, start: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith(start))
    .sort();
}

export { copyFileSync as copyFile, renameSync as rename, unlinkSync as dropName };

/** For scratch files of our own only; nothing that holds facts is ever removed. */
export function removeScratch(path: string): void {
  rmSync(path, { force: true });
}
