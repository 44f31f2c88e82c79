// What was done to a stack when it was taken over, so that it can be given back: one file a service.
import { join } from "node:path";
import { z } from "zod";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";

const kept = z.strictObject({
  /** Whole id: a name may be taken by another one later. */
  id: z.string(),
  /** As it was called before. */
  name: z.string(),
  /** As it is called since. */
  keptName: z.string(),
  /** Restart policy that it had. */
  restart: z.string(),
  imageId: z.string(),
});
export type Kept = z.infer<typeof kept>;

const record = z.strictObject({
  service: z.string(),
  project: z.string(),
  op: z.string(),
  /**
   * `taking`, `giving`: begun and not finished, whatever runs at this moment; `taken`: the edge stands in its place.
   * While one hand lets go and the other takes, containers alone can't tell which way it was going.
   */
  stage: z.enum(["taking", "taken", "giving"]),
  kept: z.array(kept),
  /** Longest time without an answer at the handover, milliseconds; null where nothing changed hands or none was seen. */
  gapMs: z.number().nullable(),
});
export type AdoptRecord = z.infer<typeof record>;

export async function readRecord(
  files: Files,
  folder: string,
  service: string,
): Promise<Result<AdoptRecord | null>> {
  const path = join(folder, `${service}.json`);
  const content = await files.read(path);
  if (!content.ok) return content.error.code === "missing" ? ok(null) : content;
  try {
    return ok(record.parse(JSON.parse(content.value.toString("utf8"))));
  } catch {
    const what = `${path} does not say what was taken over`;
    return problem(
      "damaged",
      what,
      "look for containers called lastgood-kept-… with docker ps --all; start yours by docker compose up",
      path,
    );
  }
}

/** Nothing where there is no record. */
export async function setStage(
  files: Files,
  folder: string,
  service: string,
  stage: AdoptRecord["stage"],
): Promise<Result<void>> {
  const known = await readRecord(files, folder, service);
  if (!known.ok || known.value === null) return known.ok ? ok(undefined) : known;
  return await writeRecord(files, folder, { ...known.value, stage });
}

export function writeRecord(files: Files, folder: string, of: AdoptRecord): Promise<Result<void>> {
  return files.replace(join(folder, `${of.service}.json`), `${JSON.stringify(of, null, 2)}\n`, 0o600);
}

export function dropRecord(files: Files, folder: string, service: string): Promise<Result<void>> {
  return files.remove(join(folder, `${service}.json`));
}
