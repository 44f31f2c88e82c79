// The server's programs of the very version whose files they are to open.
import { join } from "node:path";
import type { Archive } from "./archive.ts";

/** Where Debian and its kin put each major version. */
const HOME = "/usr/lib/postgresql";

/** A path; by PATH where the version has no folder of its own; null where nothing is restored there yet. */
export async function programOf(
  { context }: Archive,
  data: string,
  name: "postgres" | "pg_ctl" | "pg_controldata",
): Promise<string | null> {
  const version = await context.files.read(join(data, "PG_VERSION"));
  if (!version.ok) return null;
  const path = join(HOME, version.value.toString("utf8").trim(), "bin", name);
  const stat = await context.files.stat(path);
  return stat.ok && stat.value !== null ? path : name;
}
