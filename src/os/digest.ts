// sha256 of files and of folders.
import { createHash } from "node:crypto";
import { type BigIntStats, createReadStream } from "node:fs";
import { lstat, readdir, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { ok, problem, type Result } from "../core/result.ts";
import type { KnownFiles, Tree, TreeEntry } from "../ports/digest.ts";
import { fileProblem } from "./file-problem.ts";
import { inParallel } from "./in-parallel.ts";

const FILES_AT_ONCE = 16;
/**
 * File times tick in steps of up to 10 ms. A file that changed this shortly before we looked
 * could change again without a new time, so its identity proves nothing yet.
 */
const SETTLED_AFTER_MS = 100n;

/** sha256 of a file's content, hex. */
export async function digestFile(path: string): Promise<Result<string>> {
  try {
    return ok(await hashFile(path));
  } catch (error) {
    return fileProblem(error, `read ${path}`, path);
  }
}

/** See `DigestTree` in the ports. Links count by their text and are not followed. */
export async function digestTree(root: string, known: KnownFiles = new Map()): Promise<Result<Tree>> {
  try {
    const start = await realpath(root);
    const paths: string[] = [];
    await collect(start, "", paths);
    const entries: TreeEntry[] = [];
    let bytes = 0;
    let odd: string | null = null;
    await inParallel(FILES_AT_ONCE, paths, async (path) => {
      const seen = await look(start, path, known);
      if (seen === null) odd = path;
      else {
        entries.push(seen.entry);
        bytes += seen.bytes;
      }
    });
    if (odd !== null) return oddFile(join(start, odd));
    return ok(treeOf(entries, bytes));
  } catch (error) {
    return fileProblem(error, `read ${root}`, root);
  }
}

/** Sorts `entries`. */
export function treeOf(entries: TreeEntry[], bytes: number): Tree {
  entries.sort((a, b) => compareText(a.path, b.path));
  return { digest: digestEntries(entries), bytes, entries };
}

async function collect(root: string, folder: string, paths: string[]): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    paths.push(path);
    if (entry.isDirectory()) await collect(root, path, paths);
  }
}

async function look(
  root: string,
  path: string,
  known: KnownFiles,
): Promise<{ entry: TreeEntry; bytes: number } | null> {
  const full = join(root, path);
  const now = BigInt(Date.now());
  const stat = await lstat(full, { bigint: true });
  const mode = Number(stat.mode & 0o777n);
  if (stat.isDirectory())
    return { entry: { path, type: "directory", mode, sha256: "", identity: "" }, bytes: 0 };
  if (stat.isSymbolicLink()) {
    const sha256 = hashText(await readlink(full));
    return { entry: { path, type: "link", mode: 0, sha256, identity: "" }, bytes: 0 };
  }
  if (!stat.isFile()) return null;
  const identity = fileIdentity(stat, now);
  const before = known.get(path);
  const sha256 = identity !== "" && before?.identity === identity ? before.sha256 : await hashFile(full);
  return { entry: { path, type: "file", mode, sha256, identity }, bytes: Number(stat.size) };
}

/** Empty where the file changed so shortly before `now` (wall clock, ms) that it proves nothing. */
export function fileIdentity(
  stat: Pick<BigIntStats, "dev" | "ino" | "size" | "mtimeNs" | "ctimeNs" | "ctimeMs">,
  now: bigint,
): string {
  if (stat.ctimeMs > now - SETTLED_AFTER_MS) return "";
  return [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(":");
}

function digestEntries(entries: readonly TreeEntry[]): string {
  const hash = createHash("sha256");
  for (const { type, mode, sha256, path } of entries) {
    hash.update(`${type} ${mode.toString(8)} ${sha256} ${JSON.stringify(path)}\n`);
  }
  return hash.digest("hex");
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function hashText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** By UTF-16 unit: the same on every machine, whatever its language. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function oddFile(path: string): Result<never> {
  return problem(
    "failed",
    `${path} is neither a file, a folder nor a link`,
    "take it out of the folder",
    path,
  );
}
