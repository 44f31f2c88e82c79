// Is there room? Asked before anything is written, and answered with figures.
import { limits } from "../../../core/limits.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Context } from "./context.ts";
import type { Manifest } from "./manifest.ts";

/** What a dump may grow by since the last one. */
const GROWTH = 1.3;

/** Bytes that a dump of a database of `sizeBytes` may take: by the newest one before it, else its whole size. */
export function dumpBytes(sizeBytes: number, before: readonly Manifest[]): number {
  const newest = before.find(({ place, database }) => place.kind === "folder" && database.sizeBytes > 0);
  if (newest === undefined) return sizeBytes;
  return Math.min(sizeBytes, Math.ceil((newest.bytes / newest.database.sizeBytes) * sizeBytes * GROWTH));
}

/** `no-space` with what is free and what is needed. A folder that is not there yet is made. */
export async function roomFor(
  { files }: Pick<Context, "files">,
  folder: string,
  bytes: number,
  what: string,
): Promise<Result<void>> {
  const stat = await files.stat(folder);
  if (!stat.ok) return stat;
  if (stat.value === null)
    return problem("missing", `there is no folder ${folder}`, `make the folder ${folder}`, folder);
  const needed = bytes + limits.journalFreeBytes;
  const free = stat.value.freeBytes;
  if (free >= needed) return ok(undefined);
  return problem(
    "no-space",
    `${folder} has ${megabytes(free)} free, and ${megabytes(needed)} are needed for ${what}`,
    `free ${megabytes(needed - free)} on that disk, or put backupDir on a larger one, then run again`,
    folder,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
