// Files that others may have open: who has one open, and the acts that exchange one under its name. Linux only.
import { chmod, chown, link, open, readdir, realpath, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ok, type Result } from "../core/result.ts";
import type { FileOwner, FileSwap, OpenedBy } from "../ports/database.ts";
import { errorCode, fileProblem } from "./file-problem.ts";
import { inParallel } from "./in-parallel.ts";
import { listPids } from "./proc.ts";

const READS_AT_ONCE = 16;
/** What `link` answers where there are no links, or not for this user (fs.protected_hardlinks). */
const NO_LINKS = new Set(["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK"]);

/**
 * Pids of other processes with this file open, ascending. Compares device and inode, not names, so that a file
 * that was renamed since is found as well. Processes of other users are seen only by root.
 * `proc` is where the kernel shows its processes; another path is for tests only.
 */
export function openFiles(proc: string): OpenedBy {
  return async (path) => {
    const wanted = await identityOf(path);
    if (wanted === null) return [];
    const found: number[] = [];
    await inParallel(READS_AT_ONCE, await listPids(proc), async (pid) => {
      if (pid !== process.pid && (await hasOpen(`${proc}/${pid}/fd`, wanted))) found.push(pid);
    });
    return found.sort((a, b) => a - b);
  };
}

export const openedBy: OpenedBy = openFiles("/proc");

async function hasOpen(folder: string, wanted: string): Promise<boolean> {
  for (const fd of await readdir(folder).catch(() => [])) {
    if ((await identityOf(`${folder}/${fd}`)) === wanted) return true;
  }
  return false;
}

/** Null for what is gone, or not ours to see. */
async function identityOf(path: string): Promise<string | null> {
  try {
    const found = await stat(path, { bigint: true });
    return `${found.dev}:${found.ino}`;
  } catch {
    return null;
  }
}

export function fileSwap(): FileSwap {
  return {
    real: (path) => attempt("find", path, () => realOrSame(path)),
    owner: (path) => attempt("look at", path, () => ownerOf(path)),
    give: (path, owner) => attempt("set owner and mode of", path, () => give(path, owner)),
    link: (from, to) => attempt("link", from, () => linkTo(from, to)),
    rename: (from, to) =>
      attempt("rename", from, async () => {
        await rename(from, to);
        await sync(dirname(to));
      }),
    sync: (path) => attempt("sync", path, () => sync(path)),
  };
}

async function attempt<T>(doing: string, path: string, work: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (error) {
    return fileProblem(error, `${doing} ${path}`, path);
  }
}

async function realOrSame(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return path;
    throw error;
  }
}

async function ownerOf(path: string): Promise<{ owner: FileOwner; ours: boolean } | null> {
  try {
    const { uid, gid, mode } = await stat(path);
    const us = process.geteuid?.() ?? uid;
    return { owner: { uid, gid, mode: mode & 0o777 }, ours: us === 0 || us === uid };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

async function give(path: string, owner: FileOwner): Promise<void> {
  const now = await stat(path);
  // Only where it differs: without root even a change to the same owner may be refused.
  if (now.uid !== owner.uid || now.gid !== owner.gid) await chown(path, owner.uid, owner.gid);
  await chmod(path, owner.mode);
  await sync(path);
}

async function linkTo(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (NO_LINKS.has(errorCode(error) ?? "")) return false;
    throw error;
  }
  await sync(dirname(to));
  return true;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
