// Ways down as they are kept: one file each, with its own digest, where they outlive the code that they came with.
import { join } from "node:path";
import { z } from "zod";
import { sha256 } from "../../core/digest.ts";
import { canonical, parseJson } from "../../core/json.ts";
import { type Way, way } from "../../core/migrations/way.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";

const kept = z.strictObject({ sha256: z.string(), way });

export async function keepWay(files: Files, folder: string, one: Way): Promise<Result<void>> {
  const text = JSON.stringify({ sha256: digestOf(one), way: one }, null, 2);
  return files.replace(join(folder, `${encodeURIComponent(one.name)}.json`), `${text}\n`, 0o600);
}

/** `damaged` where one is not as it was written: nobody may run it. */
export async function keptWays(files: Files, folder: string): Promise<Result<readonly Way[]>> {
  const names = await files.list(folder);
  if (!names.ok) return names;
  const found: Way[] = [];
  for (const name of names.value.filter((one) => one.endsWith(".json"))) {
    const path = join(folder, name);
    const read = await files.read(path);
    if (!read.ok) return read;
    const parsed = kept.safeParse(parseJson(read.value.toString("utf8")));
    if (!parsed.success || parsed.data.sha256 !== digestOf(parsed.data.way))
      return problem(
        "damaged",
        `the way down in ${path} is not as it was written`,
        "take the file away; to go back then, restore the backup from before the migration: lastgood restore",
        path,
      );
    found.push(parsed.data.way);
  }
  return ok(found);
}

function digestOf(one: Way): string {
  return sha256(canonical(one));
}
