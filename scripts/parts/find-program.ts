// Where a program lies, as the shell would find it; daemons lie in sbin, which not every user's PATH has.
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { ownEnv } from "./run.ts";

/** Null where it is in none of the folders. */
export async function findProgram(name: string, more: readonly string[] = []): Promise<string | null> {
  for (const folder of [...more, ...(ownEnv()["PATH"] ?? "").split(delimiter)]) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== "" && isThere) return path;
  }
  return null;
}
