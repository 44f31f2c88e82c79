// Files of any host that runs commands, by GNU coreutils and findutils: every write is durable and whole, or not there.
import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { err, ok, problem, type Result } from "../core/result.ts";
import type { FileStat, Files } from "../ports/files.ts";
import type { Host } from "../ports/host.ts";
import { fileProblemOf, inOrder, type Small, small, systemError } from "./host-command.ts";
import { copyOnHost } from "./host-copy.ts";

/** Bytes that one command reads. */
const CHUNK_BYTES = 8 * 1024 * 1024;
/** A file that grows or is replaced while it is read in chunks is begun again. */
const READ_TRIES = 5;
const BIG_MS = 10 * 60_000;

export function hostFiles(host: Host): Files {
  return {
    read: (path, range) => (range === undefined ? readAll(host, path) : readRange(host, path, range)),
    replace: (path, content, mode) => replace(host, path, content, mode),
    stat: (path) => statOrNull(host, path),
    list: (path) => list(host, path),
    copy: (from, to) => copyWhole(host, from, to),
    remove: (path) => remove(host, path),
  };
}

type Range = { readonly offset: number; readonly length: number };

async function readRange(host: Host, path: string, { offset, length }: Range): Promise<Result<Buffer>> {
  const chunks: Buffer[] = [];
  let left = length;
  for (let at = offset; left > 0; at += CHUNK_BYTES) {
    const wanted = Math.min(left, CHUNK_BYTES);
    const chunk = await readChunk(host, path, at, wanted);
    if (!chunk.ok) return chunk;
    chunks.push(chunk.value);
    if (chunk.value.length < wanted) break; // its end
    left -= wanted;
  }
  return ok(Buffer.concat(chunks));
}

async function readChunk(host: Host, path: string, offset: number, length: number): Promise<Result<Buffer>> {
  const bytes = [`skip=${offset}`, `count=${length}`, "iflag=skip_bytes,count_bytes,fullblock"];
  const argv = ["dd", `if=${path}`, ...bytes, "bs=1M", "status=none"] as [string, ...string[]];
  const ran = await small(host, { argv, effect: "read", rawBytes: length, timeoutMs: BIG_MS });
  if (!ran.ok) return ran;
  if (ran.value.exitCode === 0) return ok(ran.value.raw ?? Buffer.alloc(0));
  return fileProblemOf(host, ran.value, `read ${path}`, path);
}

async function readAll(host: Host, path: string): Promise<Result<Buffer>> {
  for (let attempt = 1; attempt <= READ_TRIES; attempt++) {
    const first = await readChunk(host, path, 0, CHUNK_BYTES);
    if (!first.ok || first.value.length < CHUNK_BYTES) return first;
    const before = await version(host, path);
    const all = await readRange(host, path, { offset: 0, length: Number.MAX_SAFE_INTEGER });
    if (!all.ok) return all;
    const after = await version(host, path);
    if (before !== null && before === after) return all;
  }
  return problem(
    "failed",
    `${path} changes all the time on ${host.name}`,
    "read it when it is at rest",
    path,
  );
}

async function version(host: Host, path: string): Promise<string | null> {
  const ran = await small(host, { argv: ["stat", "-L", "--printf=%d:%i %s %y", "--", path], effect: "read" });
  return ran.ok && ran.value.exitCode === 0 ? ran.value.stdout : null;
}

async function replace(
  host: Host,
  path: string,
  content: string | Buffer,
  mode: number,
): Promise<Result<void>> {
  const doing = `write ${path}`;
  const made = await makeFolder(host, dirname(path), doing);
  if (!made.ok) return made;
  const temp = siblingName(path, "tmp");
  const write = ["dd", `of=${temp}`, "conv=notrunc,nocreat,fsync", "bs=1M", "iflag=fullblock", "status=none"];
  const done = await inOrder(host, doing, path, [
    // With its rights before it has content.
    { argv: ["install", "-m", mode.toString(8).padStart(4, "0"), "/dev/null", temp], effect: "write" },
    { argv: write as [string, ...string[]], effect: "write", stdin: content, timeoutMs: BIG_MS },
    { argv: ["mv", "-f", "-T", "--", temp, path], effect: "write" },
    syncing(dirname(path)),
  ]);
  if (!done.ok) await small(host, { argv: ["rm", "-f", "--", temp], effect: "write" });
  return done;
}

/** Like mkdir -p, but all new folders are 0700, and still there after a power loss. */
async function makeFolder(host: Host, path: string, doing: string): Promise<Result<void>> {
  const missing: string[] = [];
  for (let at = path; ; at = dirname(at)) {
    const found = await statOrNull(host, at);
    if (!found.ok) return found;
    if (found.value !== null) break;
    missing.unshift(at);
  }
  for (const folder of missing) {
    const argv = ["mkdir", "-m", "0700", "--", folder] as const;
    const made = await inOrder(host, doing, path, [{ argv, effect: "write" }, syncing(dirname(folder))]);
    // Somebody else may have made it meanwhile.
    const now = made.ok ? null : await statOrNull(host, folder);
    if (!made.ok && !(now?.ok === true && now.value?.type === "directory")) return made;
  }
  return ok(undefined);
}

async function statOrNull(
  host: Host,
  path: string,
): Promise<Result<(FileStat & { readonly freeBytes: number }) | null>> {
  const look = (format: string, ...options: readonly string[]) =>
    small(host, { argv: ["stat", ...options, `--printf=${format}`, "--", path], effect: "read" });
  const [file, disk] = await Promise.all([look("%F|%s|%a|%d:%i", "-L"), look("%a|%S", "-f")]);
  for (const ran of [file, disk]) {
    if (!ran.ok) return ran;
    if (ran.value.exitCode === 0) continue;
    const code = systemError(ran.value);
    if (code === "ENOENT" || code === "ENOTDIR") return ok(null);
    return fileProblemOf(host, ran.value, `look ${path}`, path);
  }
  if (!file.ok || !disk.ok) return problem("failed", `${path} could not be looked at`, "look again", path);
  const [kind = "", size, mode = "0", identity = ""] = file.value.stdout.split("|");
  const [blocks, blockBytes] = disk.value.stdout.split("|");
  return ok({
    type: kind.startsWith("regular") ? "file" : kind === "directory" ? "directory" : "other",
    size: Number(size),
    mode: Number.parseInt(mode, 8) & 0o777,
    identity,
    freeBytes: Number(blocks) * Number(blockBytes),
  });
}

async function list(host: Host, path: string): Promise<Result<readonly string[]>> {
  const argv = ["find", "-H", `${path}/.`, "-mindepth", "1", "-maxdepth", "1", "-printf", "%f\\0"] as const;
  const ran = await small(host, { argv, effect: "read" });
  if (!ran.ok) return ran;
  if (ran.value.exitCode !== 0)
    return systemError(ran.value) === "ENOENT"
      ? ok([])
      : fileProblemOf(host, ran.value, `list ${path}`, path);
  if (ran.value.truncated)
    return problem("failed", `${path} on ${host.name} has too many files to list`, "tidy it up", path);
  return ok(
    ran.value.stdout
      .split("\0")
      .filter((name) => name !== "")
      .sort(),
  );
}

async function copyWhole(host: Host, from: string, to: string): Promise<Result<void>> {
  const there = await statOrNull(host, to);
  if (!there.ok) return there;
  if (there.value !== null)
    return problem("failed", `${to} exists already`, "copy to a path that is free", to);
  const made = await makeFolder(host, dirname(to), `copy ${from} to ${to}`);
  if (!made.ok) return made;
  const temp = siblingName(to, "part");
  const copied = await copyOnHost(host, from, temp);
  const done = copied.ok
    ? await inOrder(host, `copy ${from} to ${to}`, from, [
        { argv: ["mv", "-T", "--", temp, to], effect: "write" },
        syncing(dirname(to)),
      ])
    : copied;
  if (!done.ok) await remove(host, temp);
  return done;
}

async function remove(host: Host, path: string): Promise<Result<void>> {
  const rm: Small = { argv: ["rm", "-rf", "--", path], effect: "write", timeoutMs: BIG_MS };
  const gone = await inOrder(host, `remove ${path}`, path, [rm]);
  if (!gone.ok && gone.error.code !== "read-only") return err(gone.error);
  if (!gone.ok) {
    // A read-only folder of a release keeps its own files from going.
    const unlock = ["chmod", "-R", "u+rwX", "--", path] as const;
    const again = await inOrder(host, `remove ${path}`, path, [{ argv: unlock, effect: "write" }, rm]);
    if (!again.ok) return again;
  }
  const synced = await inOrder(host, `remove ${path}`, path, [syncing(dirname(path))]);
  return !synced.ok && synced.error.code === "missing" ? ok(undefined) : synced;
}

function syncing(folder: string): Small {
  return { argv: ["sync", "--", folder], effect: "write" };
}

/** A name that no reader looks for and no second writer has. */
function siblingName(path: string, ending: "tmp" | "part"): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.${ending}`);
}
