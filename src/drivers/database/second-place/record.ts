// What is written down beside a copy, last of all: without it there is no copy.
import { z } from "zod";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Backup } from "../../../ports/database.ts";
import type { DistantBackup } from "../../../ports/second-place.ts";
import type { Shelf } from "./shelf.ts";

export const recordName = "backup.json";
/** Written first, and removed when the record is there. */
export const begunName = "unfinished.json";
/** What `sha256sum -c` reads, so that nobody needs Lastgood to check it. */
export const sumsName = "SHA256SUMS";

/** Names become paths on this machine when a copy is fetched. */
const part = "[A-Za-z0-9][A-Za-z0-9._+-]{0,199}";
const ID = new RegExp(`^${part}$`);
const NAME = new RegExp(`^${part}(/${part})*$`);

const fileSchema = z.object({
  name: z.string().regex(NAME),
  bytes: z.int().nonnegative(),
  sha256: z.string().length(64),
});

const recordSchema = z.object({
  id: z.string().regex(ID),
  at: z.number(),
  bytes: z.number(),
  sha256: z.string(),
  rows: z.record(z.string(), z.number()),
  proved: z.boolean(),
  /** In the order in which they are brought back: the manifest last. */
  files: z.array(fileSchema).min(1),
});

export type Recorded = z.infer<typeof recordSchema>;
export type RecordedFile = Recorded["files"][number];

/** Ids come from people too. */
export function isId(text: string): boolean {
  return ID.test(text);
}

export function recordOf(backup: Backup, files: readonly RecordedFile[], proved: boolean): Recorded {
  const { id, at, bytes, sha256, rows } = backup;
  return { id, at, bytes, sha256, rows: { ...rows }, proved, files: [...files] };
}

export function distant({ id, at, bytes, sha256, rows, proved }: Recorded): DistantBackup {
  return { id, at, bytes, sha256, rows, proved };
}

export function sumsText(files: readonly RecordedFile[]): string {
  return files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");
}

const RECORD_BYTES = 16 * 1024 * 1024;

/** Null where there is no whole copy. That it cannot be asked is no such answer. */
export async function readRecord(shelf: Shelf, id: string): Promise<Result<Recorded | null>> {
  const read = await shelf.read(`${id}/${recordName}`, 0, RECORD_BYTES);
  if (!read.ok) return read.error.code === "missing" ? ok(null) : read;
  const record = parse(read.value.toString("utf8"));
  return ok(record?.id === id ? record : null);
}

function parse(text: string): Recorded | null {
  try {
    const parsed = recordSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** A file of a backup carries its id in its name, or would overwrite what belongs to others. */
export function ownFiles({ id, files }: Recorded): Result<readonly RecordedFile[]> {
  const foreign = files.find(({ name }) => !name.startsWith(`${id}/`) && !name.startsWith(`${id}.`));
  if (foreign === undefined) return ok(files);
  return problem(
    "refused",
    `the copy of ${id} has a file ${foreign.name}, which is none of that backup`,
    "choose another: lastgood backup list",
    id,
  );
}
