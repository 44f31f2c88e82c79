// Copies a file or a folder, fsynced, keeping modes and refusing links that lead out of it.
import { constants } from "node:fs";
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  stat,
  symlink,
} from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { ok, problem, type Result } from "../core/result.ts";
import { errorCode } from "./file-problem.ts";
import { inParallel } from "./in-parallel.ts";

/** fsync waits for the disk: many at once share one commit of the file system's journal. */
const COPIES_AT_ONCE = 16;

type Found = { readonly files: string[]; readonly folders: string[]; readonly links: string[] };

/**
 * Copy `from` to the fresh path `temp`. `to` is where it will be renamed to, and must not exist.
 * Throws system errors; the caller removes what is half done.
 */
export async function copyTree(from: string, temp: string, to: string): Promise<Result<void>> {
  if (await exists(to)) return problem("failed", `${to} exists already`, "copy to a path that is free", to);
  const root = await realpath(from);
  const kind = await stat(root);
  if (kind.isFile()) {
    await copyOne(root, temp);
    return ok(undefined);
  }
  if (!kind.isDirectory()) return unfit(root, "is neither a file nor a folder");
  if (isInside(root, await realpath(dirname(to))))
    return unfit(to, `lies inside ${root} and would copy itself`);

  const found: Found = { files: [], folders: [], links: [] };
  const fits = await explore(root, ".", found);
  if (!fits.ok) return fits;
  for (const path of found.folders) await mkdir(join(temp, path), { mode: 0o700 });
  await inParallel(COPIES_AT_ONCE, found.files, (path) => copyOne(join(root, path), join(temp, path)));
  for (const path of found.links) await symlink(await readlink(join(root, path)), join(temp, path));
  // Deepest first and only now: a read-only folder could not have been filled.
  await inParallel(COPIES_AT_ONCE, found.folders.toReversed(), (path) =>
    sealFolder(join(root, path), join(temp, path)),
  );
  return ok(undefined);
}

async function explore(root: string, folder: string, found: Found): Promise<Result<void>> {
  found.folders.push(folder);
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) found.files.push(path);
    else if (entry.isDirectory()) {
      const inner = await explore(root, path, found);
      if (!inner.ok) return inner;
    } else if (entry.isSymbolicLink()) {
      if (!(await staysInside(root, path)))
        return unfit(join(root, path), "is a link that leads out of the folder");
      found.links.push(path);
    } else return unfit(join(root, path), "is neither a file, a folder nor a link");
  }
  return ok(undefined);
}

/** By its text, because the copy stands elsewhere, and by where it really ends, because links can chain. */
async function staysInside(root: string, path: string): Promise<boolean> {
  const target = await readlink(join(root, path));
  if (isAbsolute(target) || !isInside(root, resolve(root, dirname(path), target))) return false;
  try {
    return isInside(root, await realpath(join(root, path)));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return true; // dangling: leads nowhere
    throw error;
  }
}

async function copyOne(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  // Set-id bits stay behind on purpose: no release needs them, and the controller may be root.
  await chmod(to, (await stat(from)).mode & 0o777);
  await syncPath(to);
}

async function sealFolder(from: string, to: string): Promise<void> {
  await syncPath(to);
  await chmod(to, (await stat(from)).mode & 0o777);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

function unfit(path: string, why: string): Result<never> {
  return problem(
    "failed",
    `${path} ${why}`,
    "take it out of what is to be copied, or put a plain file there",
    path,
  );
}
