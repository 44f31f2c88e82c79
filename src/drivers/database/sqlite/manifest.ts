// Manifests: what is known of a backup. Written last, so that a backup without one does not exist.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Backup, FileOwner } from "../../../ports/database.ts";
import type { Files } from "../../../ports/files.ts";
import { type Context, keptPath, manifestPath, removeDatabase } from "./context.ts";

const HASH_CHUNK_BYTES = 4 * 1024 * 1024;
/** Ids come from people too, and become file names. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/;

export type Manifest = Backup & {
  readonly version: 1;
  /** In the backup folder, or beside the live database where a restore kept it. */
  readonly place: "backups" | "beside";
  /** SQLite's integrity check passed on exactly these bytes. */
  readonly checked: boolean;
  readonly foreignKeyErrors: number;
  /** sha256 of each table's rows; null where the database was too large to read them all. */
  readonly digests: Readonly<Record<string, string>> | null;
  /** `wal`, `delete`, …: how the app had it. */
  readonly journalMode: string;
  readonly owner: FileOwner;
  /** The newest rehearsal that passed. */
  readonly rehearsed: { readonly at: number; readonly ms: number } | null;
  /** Of a kept database: what took its place, as it was then. What differs from it now was written since. */
  readonly replacedBy?: Pick<Manifest, "rows" | "digests">;
};

export function backupOf(manifest: Manifest): Backup {
  const { id, op, at, bytes, sha256, rows, damaged } = manifest;
  return { id, op, at, bytes, sha256, rows, ...(damaged === undefined ? {} : { damaged }) };
}

/** Where the bytes of a backup are. `live` is the real path of the live database. */
export function dataPath(context: Context, live: string, manifest: Manifest): string {
  if (manifest.place === "beside") return keptPath(live, manifest.op);
  return join(context.config.backupDir, `${manifest.id}.sqlite`);
}

export async function writeManifest(context: Context, manifest: Manifest): Promise<Result<void>> {
  return context.files.replace(manifestPath(context, manifest.id), JSON.stringify(manifest, null, 2), 0o600);
}

/** The bytes first: of the two that a crash can leave alone, a manifest is the one that takes no space. */
export async function dropBackup(context: Context, live: string, manifest: Manifest): Promise<Result<void>> {
  const removed = await removeDatabase(context, dataPath(context, live, manifest));
  return removed.ok ? context.files.remove(manifestPath(context, manifest.id)) : removed;
}

/** Null where there is none, or none that can be read. */
export async function readManifest(context: Context, id: string): Promise<Result<Manifest | null>> {
  if (!ID.test(id)) return ok(null);
  const read = await context.files.read(manifestPath(context, id));
  if (!read.ok) return read.error.code === "missing" ? ok(null) : read;
  const manifest = parseManifest(read.value.toString("utf8"));
  return ok(manifest?.id === id ? manifest : null);
}

/** The manifest of a backup whose bytes are there; `missing` with what there is instead. */
export async function findBackup(context: Context, live: string, id: string): Promise<Result<Manifest>> {
  const now = await context.files.stat(live);
  if (!now.ok) return now;
  const found = await listable(context, live, id, now.value?.identity);
  if (!found.ok) return found;
  if (found.value !== null) return ok(found.value);
  const all = await listManifests(context, live);
  const known = all.ok ? all.value.slice(0, 3).map((manifest) => manifest.id) : [];
  const next =
    known.length > 0 ? `name one that exists, e.g. ${known.join(", ")}` : "take one: lastgood backup";
  return problem("missing", `there is no backup ${id}`, next, context.config.backupDir);
}

/** Newest first. */
export async function listManifests(context: Context, live: string): Promise<Result<readonly Manifest[]>> {
  const names = await context.files.list(context.config.backupDir);
  if (!names.ok) return names;
  const now = await context.files.stat(live);
  if (!now.ok) return now;
  const found: Manifest[] = [];
  for (const name of names.value.filter((one) => one.endsWith(".json"))) {
    const manifest = await listable(context, live, name.slice(0, -".json".length), now.value?.identity);
    if (!manifest.ok) return manifest;
    if (manifest.value !== null) found.push(manifest.value);
  }
  return ok(found.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)));
}

/** Null where the manifest or the bytes are missing. A kept database counts only once the live name leads elsewhere. */
async function listable(
  context: Context,
  live: string,
  id: string,
  liveIdentity: string | undefined,
): Promise<Result<Manifest | null>> {
  const manifest = await readManifest(context, id);
  if (!manifest.ok || manifest.value === null) return manifest;
  const data = await context.files.stat(dataPath(context, live, manifest.value));
  if (!data.ok) return data;
  if (data.value === null || data.value.identity === liveIdentity) return ok(null);
  const whole = data.value.size === manifest.value.bytes;
  return ok(whole ? manifest.value : cutOff(manifest.value, data.value.size));
}

function cutOff(manifest: Manifest, size: number): Manifest {
  return { ...manifest, damaged: `it has ${size} bytes instead of ${manifest.bytes}` };
}

export async function hashFile(
  files: Files,
  path: string,
): Promise<Result<{ sha256: string; bytes: number }>> {
  const hash = createHash("sha256");
  for (let offset = 0; ; ) {
    const chunk = await files.read(path, { offset, length: HASH_CHUNK_BYTES });
    if (!chunk.ok) return chunk;
    hash.update(chunk.value);
    offset += chunk.value.length;
    if (chunk.value.length < HASH_CHUNK_BYTES) return ok({ sha256: hash.digest("hex"), bytes: offset });
  }
}

/** Replaced atomically and written by us alone, so the version and the shape of what hurts are enough to look at. */
function parseManifest(text: string): Manifest | null {
  try {
    const value = JSON.parse(text) as Partial<Manifest> | null;
    const whole =
      value?.version === 1 &&
      [value.id, value.op, value.sha256, value.journalMode].every((one) => typeof one === "string") &&
      [value.at, value.bytes, value.foreignKeyErrors].every((one) => typeof one === "number") &&
      [value.rows, value.owner].every((one) => typeof one === "object" && one !== null) &&
      (value.place === "backups" || value.place === "beside");
    return whole ? (value as Manifest) : null;
  } catch {
    return null;
  }
}
