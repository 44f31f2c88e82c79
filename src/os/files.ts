// Files of this machine: every write is durable and whole or not there at all.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ok, type Result } from "../core/result.ts";
import type { FileRange, FileStat, Files } from "../ports/files.ts";
import { copyTree } from "./copy-tree.ts";
import { errorCode, fileProblem } from "./file-problem.ts";

/** Read and write the local file system. Writes return once they are on the disk. */
export function localFiles(): Files {
  return {
    read: (path, range) => attempt("read", path, () => (range ? readRange(path, range) : readFile(path))),
    replace: (path, content, mode) => attempt("write", path, () => replaceFile(path, content, mode)),
    stat: (path) => attempt("look", path, () => statOrNull(path)),
    list: (path) => attempt("list", path, () => namesIn(path)),
    copy: (from, to) => copyWhole(from, to),
    remove: (path) => attempt("remove", path, () => removeAll(path)),
  };
}

async function attempt<T>(doing: string, path: string, work: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (error) {
    return fileProblem(error, `${doing} ${path}`, path);
  }
}

async function readRange(path: string, range: FileRange): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const size = (await handle.stat()).size;
    const length = Math.max(0, Math.min(range.length, size - range.offset));
    const buffer = range.into && range.into.length >= length ? range.into : Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, range.offset + filled);
      if (bytesRead === 0) break; // it shrank while we read
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

async function replaceFile(path: string, content: string | Buffer, mode: number): Promise<void> {
  await makeFolder(dirname(path));
  const temp = siblingName(path, "tmp");
  try {
    const handle = await open(temp, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
    try {
      await handle.writeFile(content);
      await handle.chmod(mode); // not through open: the umask would take bits away
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

async function copyWhole(from: string, to: string): Promise<Result<void>> {
  const temp = siblingName(to, "part");
  try {
    await makeFolder(dirname(to));
    const copied = await copyTree(from, temp, to);
    if (!copied.ok) {
      await removeAll(temp);
      return copied;
    }
    await rename(temp, to);
    await syncFolder(dirname(to));
    return ok(undefined);
  } catch (error) {
    await removeAll(temp);
    return fileProblem(error, `copy ${from} to ${to}`, from);
  }
}

async function statOrNull(path: string): Promise<(FileStat & { readonly freeBytes: number }) | null> {
  try {
    const found = await stat(path);
    const disk = await statfs(path);
    return {
      type: found.isFile() ? "file" : found.isDirectory() ? "directory" : "other",
      size: found.size,
      mode: found.mode & 0o777,
      identity: `${found.dev}:${found.ino}`,
      freeBytes: disk.bavail * disk.bsize,
    };
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return null;
    throw error;
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
}

async function removeAll(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (errorCode(error) !== "EACCES") throw error;
    await unlockFolders(path); // a read-only folder of a release keeps its own files from going
    await rm(path, { recursive: true, force: true });
  }
  await syncFolder(dirname(path));
}

async function unlockFolders(path: string): Promise<void> {
  await chmod(path, 0o700);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await unlockFolders(join(path, entry.name));
  }
}

/** Like mkdir -p, but the new folders are still there after a power loss. */
async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
}

async function syncFolder(path: string): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(path, "r");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return; // nothing there, nothing to keep
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name that no reader looks for and no second writer has. */
function siblingName(path: string, ending: "tmp" | "part"): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.${ending}`);
}
