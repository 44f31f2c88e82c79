// Is there room for a second database of that size on the server's own disk? Where nobody can see, there is none.
import { join } from "node:path";
import { parseDatabaseUrl } from "../../../../core/database-url.ts";
import { size } from "../../../../core/doctor/look.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { isHere } from "../restore/refuse.ts";
import { rowsOf } from "../rows.ts";

/** The copy itself, and what is written beside it until somebody looks again: a full disk stops the server. */
const TIMES_ITS_SIZE = 1.3;
const SPARE_BYTES = 256 * 1024 * 1024;

/** The server's own folder; null where it is not this machine's, or the role may not know it. */
export async function dataFolder(context: Context, desk: SqlSession): Promise<string | null> {
  const url = parseDatabaseUrl(context.config.url);
  if (!url.ok || context.config.container !== null || !isHere(url.value.host)) return null;
  const asked = await rowsOf(desk, "SELECT current_setting('data_directory', true) AS folder");
  return asked.ok ? (asked.value[0]?.["folder"] ?? null) : null;
}

/** Why there is no room for it; null where there is. */
export async function lacksRoom(context: Context, desk: SqlSession, bytes: number): Promise<string | null> {
  const folder = await dataFolder(context, desk);
  const freeBytes = folder === null ? null : await freeIn(context, folder);
  if (folder === null || freeBytes === null)
    return "how much room the server's disk has can't be seen from here (it must be this machine's, and the role of adminUrl needs pg_read_all_settings)";
  const needed = Math.ceil(bytes * TIMES_ITS_SIZE) + SPARE_BYTES;
  if (freeBytes >= needed) return null;
  return `the disk of ${folder} has ${size(freeBytes)} free, and a copy needs ${size(needed)}`;
}

/** Of the folder itself where only the server's user may look into it. */
async function freeIn({ files }: Context, folder: string): Promise<number | null> {
  for (const path of [join(folder, "base"), folder]) {
    const stat = await files.stat(path);
    if (stat.ok && stat.value !== null) return stat.value.freeBytes;
  }
  return null;
}
