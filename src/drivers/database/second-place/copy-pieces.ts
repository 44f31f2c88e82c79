// Copies a file piece by piece: a try that broke off is gone on with, and nothing gets its name before its bytes are right.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import type { Growing, PieceFiles } from "../../../ports/piece-files.ts";
import { hashFile } from "../sqlite/manifest.ts";
import { pieceBytes, type Source, type Told } from "./shelf.ts";

export type Side = {
  readonly pieces: PieceFiles;
  /** sha256 of a file, computed where it lies. */
  sum(path: string): Promise<Result<string>>;
};

/** `damaged` where what arrived is not what was sent, twice. */
export async function copyPieces(source: Source, to: string, side: Side, told: Told): Promise<Result<void>> {
  const first = await tryOnce(source, to, side, told);
  if (!first.ok || first.value === "right") return first.ok ? ok(undefined) : first;
  // Half of another file may have lain there; from the beginning it is right, or somebody changes bytes.
  const second = await tryOnce(source, to, side, told);
  if (!second.ok || second.value === "right") return second.ok ? ok(undefined) : second;
  return problem(
    "damaged",
    `${to} was read back with other bytes`,
    "look at the disks and the network between: dmesg; the file that was sent is checked by lastgood backup verify",
    to,
  );
}

async function tryOnce(
  source: Source,
  to: string,
  { pieces, sum }: Side,
  told: Told,
): Promise<Result<"right" | "wrong">> {
  const opened = await pieces.open(to);
  if (!opened.ok) return opened;
  const half = opened.value;
  const filled = half.bytes > source.bytes ? ok(undefined) : await fill(half, source, told);
  if (!filled.ok) return filled.error.code === "no-space" ? giveRoom(half, filled) : filled;
  const now = await sum(half.path);
  if (!now.ok) return now;
  const done = now.value === source.sha256 ? await half.finish() : await half.drop();
  return done.ok ? ok(now.value === source.sha256 ? "right" : "wrong") : done;
}

async function fill(half: Growing, source: Source, told: Told): Promise<Result<void>> {
  for (let at = half.bytes; at < source.bytes; ) {
    told(at);
    const piece = await source.read(at, Math.min(pieceBytes, source.bytes - at));
    if (!piece.ok) return piece;
    if (piece.value.length === 0)
      return problem("damaged", `a file ended after ${at} of ${source.bytes} bytes`, "choose another backup");
    const added = await half.add(piece.value);
    if (!added.ok) return added;
    at += piece.value.length;
  }
  told(source.bytes);
  return ok(undefined);
}

/** Whoever filled a disk gives back what they took. */
async function giveRoom(half: Growing, why: Result<never> | Result<void>): Promise<Result<never>> {
  await half.drop();
  return why as Result<never>;
}

/** By reading it. */
export async function sumOf(files: Files, path: string): Promise<Result<string>> {
  const hash = await hashFile(files, path);
  return hash.ok ? ok(hash.value.sha256) : hash;
}
