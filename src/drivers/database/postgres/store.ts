// The folder of backups: one manifest each, and beside it the folder with its files.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Backup } from "../../../ports/database.ts";
import type { Context } from "./context.ts";
import { type Manifest, manifestSchema, tableName } from "./manifest.ts";

/** Ids come from people too, and become file names. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/;
const ENDING = ".manifest.json";

export function manifestPath({ config }: Pick<Context, "config">, id: string): string {
  return join(config.backupDir, `${id}${ENDING}`);
}

/** Where the files of a backup lie; null for one that is a database. */
export function folderOf({ config }: Pick<Context, "config">, { place }: Manifest): string | null {
  return place.kind === "folder" ? join(config.backupDir, place.path) : null;
}

/** Rows by table, as `Backup` has them. */
export function backupOf(manifest: Manifest): Backup {
  const { id, op, at, bytes, sha256, damaged, release, ladder } = manifest;
  const rows = Object.fromEntries(manifest.tables.map((table) => [tableName(table), table.rows]));
  const known = {
    ...(damaged === undefined ? {} : { damaged }),
    ...(release ? { release: release.id } : {}),
  };
  return { id, op, at, bytes, sha256, rows, ladder, ...known };
}

export async function writeManifest(context: Context, manifest: Manifest): Promise<Result<void>> {
  return context.files.replace(
    manifestPath(context, manifest.id),
    `${JSON.stringify(manifest, null, 2)}\n`,
    0o600,
  );
}

/** Null where there is none. One that can't be read is `damaged`: a backup must not vanish in silence. */
export async function readManifest(context: Context, id: string): Promise<Result<Manifest | null>> {
  if (!ID.test(id)) return ok(null);
  const path = manifestPath(context, id);
  const read = await context.files.read(path);
  if (!read.ok) return read.error.code === "missing" ? ok(null) : read;
  const manifest = parse(read.value.toString("utf8"));
  if (manifest !== null && manifest.id === id) return ok(manifest);
  return problem("damaged", `${path} is no manifest of ours`, "take it out of the folder", path);
}

/** The manifest with this id; `missing` with what there is instead. */
export async function findManifest(context: Context, id: string): Promise<Result<Manifest>> {
  const found = await readManifest(context, id);
  if (!found.ok) return found;
  if (found.value !== null) return ok(found.value);
  const all = await listManifests(context);
  const known = all.ok ? all.value.slice(0, 3).map((manifest) => manifest.id) : [];
  const next =
    known.length > 0 ? `name one that exists, e.g. ${known.join(", ")}` : "take one: lastgood backup now";
  return problem("missing", `there is no backup ${id}`, next, context.config.backupDir);
}

/** Newest first. Says nothing of whether the files, or the database, are still there. */
export async function listManifests(context: Context): Promise<Result<readonly Manifest[]>> {
  const names = await context.files.list(context.config.backupDir);
  if (!names.ok) return names;
  const found: Manifest[] = [];
  for (const name of names.value.filter((one) => one.endsWith(ENDING))) {
    const manifest = await readManifest(context, name.slice(0, -ENDING.length));
    if (!manifest.ok && manifest.error.code !== "damaged") return manifest;
    if (manifest.ok && manifest.value !== null) found.push(manifest.value);
  }
  return ok(found.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)));
}

/** The bytes first: of the two that a crash can leave alone, a manifest is the one that takes no space. */
export async function dropFolderBackup(context: Context, manifest: Manifest): Promise<Result<void>> {
  const folder = folderOf(context, manifest);
  if (folder !== null) {
    const removed = await context.files.remove(folder);
    if (!removed.ok) return removed;
  }
  return context.files.remove(manifestPath(context, manifest.id));
}

function parse(text: string): Manifest | null {
  try {
    const parsed = manifestSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
