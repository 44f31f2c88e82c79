// Secrets that the config names: read when they are needed, so that changing one needs no restart.
import { ok, problem, type Result } from "../core/result.ts";
import { type Secret, secret } from "../core/secret.ts";
import type { Files } from "../ports/files.ts";

/** The content of a file, without what stands around it; null where none is named. */
export async function secretIn(file: string | undefined, files: Files): Promise<Result<Secret | null>> {
  if (file === undefined) return ok(null);
  const text = await files.read(file);
  return text.ok ? ok(secret(text.value.toString("utf8").trim())) : text;
}

/** An empty secret would let in everybody who sends nothing. */
export function notEmpty(found: Secret, where: string): Result<Secret> {
  if (found.reveal() !== "") return ok(found);
  return problem("config", `the secret in ${where} is empty`, "Write the secret there.");
}
