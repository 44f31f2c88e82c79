// Files of another machine that come piece by piece, by GNU coreutils: each piece goes to its own place, so that one
// that was sent twice does no harm.
import { dirname } from "node:path";
import { ok, type Result } from "../core/result.ts";
import type { Host } from "../ports/host.ts";
import type { Growing, PieceFiles } from "../ports/piece-files.ts";
import { fileProblemOf, inOrder, small, systemError } from "./host-command.ts";
import { halfName } from "./piece-files.ts";

const BIG_MS = 10 * 60_000;

export function hostPieces(host: Host): PieceFiles {
  return { open: (path) => openOn(host, path) };
}

async function openOn(host: Host, path: string): Promise<Result<Growing>> {
  const half = halfName(path);
  const there = await sizeOf(host, half);
  if (!there.ok) return there;
  if (there.value === null) {
    const argv = ["install", "-D", "-m", "0600", "/dev/null", half] as const;
    const made = await inOrder(host, `write ${path}`, path, [{ argv, effect: "write" }]);
    if (!made.ok) return made;
  }
  const bytes = there.value ?? 0;
  let end = bytes;
  return ok({
    path: half,
    bytes,
    async add(piece) {
      const at = [`seek=${end}`, "oflag=seek_bytes", "conv=notrunc", "iflag=fullblock"];
      const argv = ["dd", `of=${half}`, ...at, "bs=1M", "status=none"] as [string, ...string[]];
      const write = { argv, effect: "write", stdin: piece, timeoutMs: BIG_MS } as const;
      const written = await inOrder(host, `write ${path}`, path, [write]);
      if (written.ok) end += piece.length;
      return written;
    },
    finish: () =>
      inOrder(host, `write ${path}`, path, [
        { argv: ["mv", "-f", "-T", "--", half, path], effect: "write" },
        { argv: ["sync", "--", path, dirname(path)], effect: "write", timeoutMs: BIG_MS },
      ]),
    drop: () => inOrder(host, `remove ${half}`, half, [{ argv: ["rm", "-f", "--", half], effect: "write" }]),
  });
}

/** Null where nothing is there. */
async function sizeOf(host: Host, path: string): Promise<Result<number | null>> {
  const ran = await small(host, { argv: ["stat", "--printf=%s", "--", path], effect: "read" });
  if (!ran.ok) return ran;
  if (ran.value.exitCode === 0) return ok(Number(ran.value.stdout));
  const code = systemError(ran.value);
  if (code === "ENOENT" || code === "ENOTDIR") return ok(null);
  return fileProblemOf(host, ran.value, `look at ${path}`, path);
}

/** sha256 of a file there, computed there. */
export function hostSum(host: Host): (path: string) => Promise<Result<string>> {
  return async (path) => {
    const argv = ["sha256sum", "--zero", "--", path] as const;
    const ran = await small(host, { argv, effect: "read", timeoutMs: BIG_MS });
    if (!ran.ok) return ran;
    if (ran.value.exitCode === 0) return ok(ran.value.stdout.slice(0, 64));
    return fileProblemOf(host, ran.value, `read ${path}`, path);
  };
}
