// The points that were given a name, kept beside the backups: the WAL alone does not say where they lie.
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Archive } from "./archive.ts";

const pointSchema = z.object({
  name: z.string().min(1),
  op: z.string().min(1),
  /** Wall clock of this machine, milliseconds. */
  at: z.number(),
  lsn: z.string().regex(/^[0-9A-F]+\/[0-9A-F]+$/),
});
const fileSchema = z.object({ version: z.literal(1), points: z.array(pointSchema) });

export type Point = z.infer<typeof pointSchema>;

const POINTS_MAX = 1_000;

/** Newest first. */
export async function readPoints({ context }: Archive): Promise<Result<readonly Point[]>> {
  const path = pathOf(context.config.backupDir);
  const read = await context.files.read(path);
  if (!read.ok) return read.error.code === "missing" ? ok([]) : read;
  const known = fileSchema.safeParse(parseJson(read.value.toString("utf8")));
  if (known.success) return ok(known.data.points);
  return problem(
    "damaged",
    `${path} can't be read`,
    "move it away: points set so far are then known by their time only",
    path,
  );
}

/** `oldest`: where the oldest set ends; what lies before can't be gone back to any more, and is forgotten. */
export async function notePoint(
  archive: Archive,
  point: Point,
  oldest: string | null,
): Promise<Result<void>> {
  const known = await readPoints(archive);
  if (!known.ok) return known;
  const within = known.value.filter(({ lsn }) => oldest === null || !isBefore(lsn, oldest));
  const points = [point, ...within].slice(0, POINTS_MAX);
  const text = `${JSON.stringify({ version: 1, points }, null, 2)}\n`;
  return archive.context.files.replace(pathOf(archive.context.config.backupDir), text, 0o600);
}

/** Positions in the WAL are two hexadecimal numbers of 32 bits. */
export function isBefore(lsn: string, other: string): boolean {
  return numberOf(lsn) < numberOf(other);
}

function numberOf(lsn: string): bigint {
  const [high = "0", low = "0"] = lsn.split("/");
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

function pathOf(backupDir: string): string {
  return join(backupDir, "points.json");
}
