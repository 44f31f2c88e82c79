// Workers that ran before us: a running container can be given no labels, so what they stand for is in a file.
import { z } from "zod";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";

const adopted = z.strictObject({
  /** Whole id: a name may be taken by another one later. */
  container: z.string(),
  service: z.string(),
  /** Release id that stands for what it runs. */
  release: z.string(),
});
export type Adopted = z.infer<typeof adopted>;

const adoptedFile = z.strictObject({ containers: z.array(adopted) });

/** Empty where nothing was adopted. */
export async function readAdopted(files: Files, path: string): Promise<Result<readonly Adopted[]>> {
  const content = await files.read(path);
  if (!content.ok) return content.error.code === "missing" ? ok([]) : content;
  try {
    return ok(adoptedFile.parse(JSON.parse(content.value.toString("utf8"))).containers);
  } catch {
    return problem(
      "damaged",
      `${path} does not say which containers were taken over`,
      "look which containers run with docker ps, then remove the file",
      path,
    );
  }
}

export function writeAdopted(
  files: Files,
  path: string,
  containers: readonly Adopted[],
): Promise<Result<void>> {
  return files.replace(path, `${JSON.stringify({ containers }, null, 2)}\n`, 0o600);
}
