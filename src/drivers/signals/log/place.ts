// Where the reading of a growing file stands, and which file that was: names change when logs are rotated.
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { sha256 } from "../../../core/digest.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";

export const filePlace = z.strictObject({
  /** Device and inode; null where the file was emptied in place and what it held is looked for by its beginning. */
  identity: z.string().nullable(),
  /** Bytes that are done. */
  offset: z.int().min(0),
  /** The first bytes, as a digest: the same inode may come back as another file. */
  headBytes: z.int().min(0),
  head: z.string(),
  /** In the middle of a line that is too long: everything up to its end is skipped. */
  skipping: z.boolean(),
  /** Wall-clock milliseconds when its successor was first written to; null for the newest file. */
  leftAtMs: z.number().nullable(),
});
export type FilePlace = z.infer<typeof filePlace>;

/** Enough for the time and address of the first line. */
const headBytes = 128;

export function beginning(identity: string | null): FilePlace {
  return { identity, offset: 0, headBytes: 0, head: "", skipping: false, leftAtMs: null };
}

export function digestOf(bytes: Buffer): string {
  return sha256(bytes.toString("latin1")).slice(0, 16);
}

/** Remembers how the file begins, as soon as it has a beginning: `size` bytes of it are there. */
export async function withHead(
  place: FilePlace,
  path: string,
  size: number,
  files: Files,
): Promise<Result<FilePlace>> {
  if (place.headBytes >= headBytes || size <= place.headBytes) return ok(place);
  const head = await files.read(path, { offset: 0, length: Math.min(headBytes, size) });
  if (!head.ok) return head.error.code === "missing" ? ok(place) : head;
  // Rotated in between: these bytes are another file's.
  const after = await files.stat(path);
  if (!after.ok) return after;
  if (place.identity !== null && after.value?.identity !== place.identity) return ok(place);
  return ok({ ...place, headBytes: head.value.length, head: digestOf(head.value) });
}

/** Does the file at `path` begin as this one did? */
export async function beginsAlike(place: FilePlace, path: string, files: Files): Promise<Result<boolean>> {
  if (place.headBytes === 0) return ok(true);
  const head = await files.read(path, { offset: 0, length: place.headBytes });
  if (!head.ok) return head.error.code === "missing" ? ok(false) : head;
  return ok(head.value.length === place.headBytes && digestOf(head.value) === place.head);
}

/** Where a file of former days is now; null: gone, or packed. */
export async function findFormer(
  place: FilePlace,
  path: string,
  files: Files,
): Promise<Result<string | null>> {
  const names = await files.list(dirname(path));
  if (!names.ok) return names;
  const stem = basename(path).replace(/\.log$/, "");
  for (const name of names.value) {
    const candidate = join(dirname(path), name);
    if (candidate === path || !name.startsWith(stem) || name.endsWith(".gz")) continue;
    const stat = await files.stat(candidate);
    if (!stat.ok) return stat;
    if (stat.value === null || stat.value.size < place.offset) continue;
    // A file that was emptied in place lives on in a copy: it is known by its beginning, and must have one.
    if (place.identity === null ? place.headBytes === 0 : stat.value.identity !== place.identity) continue;
    const alike = await beginsAlike(place, candidate, files);
    if (!alike.ok) return alike;
    if (alike.value) return ok(candidate);
  }
  return ok(null);
}
