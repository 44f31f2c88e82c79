// Whether the whole server's folder could be cloned: files that share their blocks until one of them is written.
import { join } from "node:path";
import type { Rung } from "../../../../ports/database.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { readMeasured } from "./measured.ts";
import { dataFolder } from "./room.ts";

export const cloneWay = "reflink";
const PROBE_MS = 10_000;

/** Tried with a real file of the server: what a file system says of itself is not asked. */
export async function cloneRung(context: Context, session: SqlSession): Promise<Rung> {
  const { fetchMs } = await readMeasured(context);
  const not = (why: string): Rung => ({ way: cloneWay, chosen: false, why, backMs: fetchMs });
  if (context.config.container !== null)
    return not("the server's folder lies in its container's volume, not with us");
  const data = await dataFolder(context, session);
  if (data === null)
    return not(
      "the server's folder can't be seen from here (it must be this machine's, and the role of adminUrl needs pg_read_all_settings)",
    );
  const { clones = null } = context.config;
  const refused = await whyNotCloned(context, data, clones ?? context.config.backupDir);
  if (refused !== null) return not(refused);
  if (clones === null)
    return not(
      "its disk can clone files: name a folder on it in `clones`, and each backup has a clone of the server",
    );
  return {
    way: cloneWay,
    chosen: true,
    why: `a clone of the whole server in ${clones}, at no cost of space until it is written; one database out of it by lastgood restore --at`,
    backMs: fetchMs,
  };
}

/** Null where a file of `data` was cloned into `folder`, and taken away again. */
export async function whyNotCloned(context: Context, data: string, folder: string): Promise<string | null> {
  const probe = join(folder, ".reflink-probe");
  const ended = await context.host.run({
    argv: ["cp", "--reflink=always", join(data, "PG_VERSION"), probe],
    ...{ effect: "write", op: null, timeoutMs: PROBE_MS, env: { LC_ALL: "C" } },
  });
  await context.files.remove(probe);
  if (!ended.ok) return `files can't be cloned here: ${ended.error.what}`;
  if (ended.value.exitCode === 0) return null;
  const said = ended.value.stderr.trim().split("\n").at(-1) ?? "";
  if (/cross-device/i.test(said))
    return `${folder} is on another file system than the server's folder ${data}`;
  if (/not supported/i.test(said))
    return `the file system of ${data} can't clone files: that takes XFS with reflink=1, or btrfs`;
  return `a file of ${data} can't be cloned into ${folder}: ${said}`;
}
