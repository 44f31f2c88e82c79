// Follows a log file through rotation, truncation and restarts: every line once.
import { limits } from "../../../core/limits.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import { beginning, beginsAlike, type FilePlace, findFormer, withHead } from "./place.ts";

/** Oldest first; the last one is the file that has the name now. */
export type LogPlace = readonly FilePlace[];

export type Followed = {
  /** Pieces of files, oldest first, each of whole lines. */
  readonly blocks: readonly Buffer[];
  /** Lines that were longer than a whole read, or never ended. */
  readonly broken: number;
  readonly next: LogPlace;
  /** A file was gone before it was read to its end. */
  readonly lost: boolean;
  /** There is no file of that name. */
  readonly missing: boolean;
  /** Not read to the end. */
  readonly more: boolean;
};

/** A worker may write to the file of before for a while after the new one was begun. */
const lingerMs = 10_000;
/** More rotations than this between two looks are not followed. */
const formerFiles = 6;
/** From here on a look goes no further: an observation must not take long. */
const lookBytes = limits.logReadBytes / 2;
const newline = 0x0a;
const nothing = Buffer.alloc(0);

export async function endOfLog(path: string, files: Files): Promise<Result<LogPlace>> {
  const stat = await files.stat(path);
  if (!stat.ok) return stat;
  const begun = { ...beginning(stat.value?.identity ?? null), offset: stat.value?.size ?? 0 };
  // In the middle of a line its rest is nobody's: it was not there "from now on".
  const last =
    begun.offset === 0
      ? ok(Buffer.alloc(0))
      : await files.read(path, { offset: begun.offset - 1, length: 1 });
  if (!last.ok) return last;
  const place = await withHead(
    { ...begun, skipping: last.value.length > 0 && last.value[0] !== newline },
    path,
    begun.offset,
    files,
  );
  return place.ok ? ok([place.value]) : place;
}

/** `memory`: what is read may lie in there, so it is the caller's again when the blocks are not looked at any more. */
export async function followLog(
  path: string,
  from: LogPlace,
  nowMs: number,
  files: Files,
  memory: Buffer,
): Promise<Result<Followed>> {
  const settled = await settle(path, from, nowMs, files);
  if (!settled.ok) return settled;
  const { places, missing } = settled.value;
  const kept: FilePlace[] = [];
  const blocks: Buffer[] = [];
  let free = memory;
  let bytes = 0;
  let lost = false;
  let broken = 0;
  for (const [i, place] of places.entries()) {
    const newest = i === places.length - 1;
    const found = newest ? ok(missing ? null : path) : await findFormer(place, path, files);
    if (!found.ok) return found;
    if (found.value === null) {
      if (newest) kept.push(place);
      else lost ||= !wasDone(place, nowMs);
      continue;
    }
    const read = await readOn(found.value, place, files, free);
    if (!read.ok) return read;
    const { next, rest, block } = read.value;
    broken += read.value.broken;
    if (block.length > 0) blocks.push(block);
    if (block.buffer === free.buffer) free = behind(block, free);
    bytes += next.offset - place.offset;
    if (bytes >= lookBytes) {
      // The rest waits for the next look.
      return ok({ blocks, broken, next: [...kept, next, ...places.slice(i + 1)], lost, missing, more: true });
    }
    const moved = next.offset !== place.offset;
    if (newest || moved || !wasDone(place, nowMs)) kept.push(next);
    else if (rest > 0 && !place.skipping) broken += 1;
  }
  return ok({ blocks, broken, next: kept, lost, missing, more: false });
}

/** What of `memory` is behind the block; nothing in front of it is free either. */
function behind(block: Buffer, memory: Buffer): Buffer {
  return memory.subarray(block.byteOffset + block.length - memory.byteOffset);
}

function wasDone({ leftAtMs }: FilePlace, nowMs: number): boolean {
  return leftAtMs !== null && nowMs - leftAtMs > lingerMs;
}

type Settled = { readonly places: LogPlace; readonly missing: boolean };

/** Which file has the name now? Another inode: rotated. Shorter, or another beginning: emptied in place. */
async function settle(path: string, from: LogPlace, nowMs: number, files: Files): Promise<Result<Settled>> {
  const stat = await files.stat(path);
  if (!stat.ok) return stat;
  const current = from.at(-1);
  const former = from.slice(0, -1);
  if (stat.value === null) return ok({ places: from, missing: true });
  const { identity, size } = stat.value;
  if (current === undefined || (current.identity === null && current.offset === 0)) {
    return begin(former);
  }
  if (current.identity !== identity) return begin(from);
  const alike = size < current.offset ? ok(false) : await beginsAlike(current, path, files);
  if (!alike.ok) return alike;
  if (alike.value) return ok({ places: left(from, size, nowMs), missing: false });
  const emptied = { ...current, identity: null };
  return begin([...former, emptied]);

  async function begin(before: LogPlace): Promise<Result<Settled>> {
    const begun = await withHead(beginning(identity), path, size, files);
    if (!begun.ok) return begun;
    return ok({ places: left([...before, begun.value], size, nowMs), missing: false });
  }
}

/** From the first byte of the newest file on, the ones before it count as left. */
function left(places: LogPlace, newestSize: number, nowMs: number): LogPlace {
  const bounded = places.slice(-formerFiles);
  if (newestSize === 0) return bounded;
  return bounded.map((place, i) =>
    i < bounded.length - 1 && place.leftAtMs === null ? { ...place, leftAtMs: nowMs } : place,
  );
}

type ReadOn = {
  readonly block: Buffer;
  readonly broken: number;
  readonly next: FilePlace;
  /** Bytes of a line that has not ended yet. */
  readonly rest: number;
};

async function readOn(path: string, place: FilePlace, files: Files, into: Buffer): Promise<Result<ReadOn>> {
  const bytes = await files.read(path, { offset: place.offset, length: limits.logReadBytes, into });
  if (!bytes.ok) {
    // Renamed between the look and the read: the next look finds it under its new name.
    return bytes.error.code === "missing" ? ok({ block: nothing, broken: 0, next: place, rest: 0 }) : bytes;
  }
  const after = await files.stat(path);
  if (!after.ok) return after;
  const same = after.value !== null && (place.identity === null || after.value.identity === place.identity);
  if (!same || (after.value?.size ?? 0) < place.offset + bytes.value.length) {
    return ok({ block: nothing, broken: 0, next: place, rest: 0 });
  }
  const cut = cutLines(bytes.value, place.skipping);
  const full = bytes.value.length === limits.logReadBytes && cut.used === 0;
  const used = full ? bytes.value.length : cut.used;
  const skipping = full || (place.skipping && cut.used === 0);
  const offset = place.offset + used;
  const broken = full && !place.skipping ? 1 : 0;
  const next = await withHead({ ...place, offset, skipping }, path, place.offset + bytes.value.length, files);
  if (!next.ok) return next;
  return ok({ block: cut.block, broken, next: next.value, rest: bytes.value.length - used });
}

type Cut = { readonly block: Buffer; readonly used: number };

/** Whole lines; where the first one is the end of what is skipped, those after it. */
function cutLines(buffer: Buffer, skipping: boolean): Cut {
  const used = buffer.lastIndexOf(newline) + 1;
  const start = skipping && used > 0 ? buffer.indexOf(newline) + 1 : 0;
  return { block: buffer.subarray(start, used), used };
}
