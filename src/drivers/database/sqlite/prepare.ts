// A restore up to the point where it would be seen: a fresh file, proved and marked. Rehearsals do just this.
import { dirname } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { FileOwner } from "../../../ports/database.ts";
import type { Content } from "./content.ts";
import { type Context, removeDatabase, roomFor, sidecars } from "./context.ts";
import { inspect } from "./inspect.ts";
import { dataPath, hashFile, type Manifest } from "./manifest.ts";
import { addMarks, type Mark } from "./marker.ts";
import { openWritable, single, using } from "./open.ts";

export type Preparation = {
  readonly manifest: Manifest;
  /** Real path of the live database. */
  readonly live: string;
  /** Fresh path; in the folder of the live database where the file is to take its name. */
  readonly path: string;
  /** Newest last. */
  readonly marks: readonly Mark[];
  readonly owner: FileOwner;
  /**
   * Check everything, although the sha256 proves that the bytes are those of the backup. Without it, bytes that never
   * passed the full check (a database that a restore kept) get the quick one: production stands still meanwhile.
   */
  readonly full: boolean;
};

/** `damaged` where the bytes are not what the manifest says. The fresh path is free again after a failure. */
export async function prepare(context: Context, wanted: Preparation): Promise<Result<void>> {
  const { manifest } = wanted;
  if (manifest.damaged !== undefined) return broken(manifest, manifest.damaged);
  const room = await roomFor(context, dirname(wanted.path), manifest.bytes);
  if (!room.ok) return room;
  const made = await make(context, wanted);
  if (!made.ok) await removeDatabase(context, wanted.path); // the reason for the failure is what counts
  return made;
}

async function make(context: Context, wanted: Preparation): Promise<Result<void>> {
  const { manifest, path } = wanted;
  const cleared = await removeDatabase(context, path);
  if (!cleared.ok) return cleared;
  const copied = await context.files.copy(dataPath(context, wanted.live, manifest), path);
  if (!copied.ok) return copied;
  const hash = await hashFile(context.files, path);
  if (!hash.ok) return hash;
  if (hash.value.sha256 !== manifest.sha256)
    return broken(manifest, `its sha256 is ${hash.value.sha256} instead of ${manifest.sha256}`);
  if (wanted.full || !manifest.checked) {
    const whole = await compare(context, wanted);
    if (!whole.ok) return whole;
  }
  const marked = await mark(context, wanted);
  if (!marked.ok) return marked;
  return context.swap.give(path, wanted.owner);
}

async function compare(context: Context, { manifest, path, full }: Preparation): Promise<Result<void>> {
  const digests = manifest.digests !== null;
  const content = await inspect(context, { path, as: "still", check: full ? "full" : "quick", digests });
  if (!content.ok) return content.error.code === "damaged" ? broken(manifest, content.error.what) : content;
  const difference = differs(manifest, content.value, full);
  return difference === null ? ok(undefined) : broken(manifest, difference);
}

function differs(manifest: Manifest, content: Content, full: boolean): string | null {
  if (content.damage !== null) return content.damage;
  if (full && manifest.checked && content.foreignKeyErrors !== manifest.foreignKeyErrors)
    return `${content.foreignKeyErrors} rows break a foreign key instead of ${manifest.foreignKeyErrors}`;
  for (const table of new Set([...Object.keys(manifest.rows), ...Object.keys(content.rows)])) {
    const [then, now] = [manifest.rows[table] ?? 0, content.rows[table] ?? 0];
    if (then !== now) return `table ${table} has ${now} rows instead of ${then}`;
    const [digest, digestNow] = [manifest.digests?.[table], content.digests?.[table]];
    if (digest !== digestNow) return `table ${table} has other rows`;
  }
  return null;
}

/** The marks go in, the journal mode becomes what the app had, and the file is one file again. */
async function mark(context: Context, { manifest, path, marks }: Preparation): Promise<Result<void>> {
  const marked = await using(context, path, openWritable, (db) => {
    db.exec("PRAGMA synchronous=FULL; PRAGMA locking_mode=EXCLUSIVE");
    single(db, "PRAGMA journal_mode=DELETE");
    db.exec("BEGIN EXCLUSIVE");
    addMarks(db, marks);
    db.exec("COMMIT");
    if (manifest.journalMode === "wal") single(db, "PRAGMA journal_mode=WAL");
  });
  if (!marked.ok) return marked;
  for (const end of sidecars) {
    const left = await context.files.stat(`${path}${end}`);
    if (!left.ok) return left;
    if (left.value !== null)
      return problem("failed", `SQLite left ${path}${end} behind`, "look at the system's log", path);
  }
  return ok(undefined);
}

function broken(manifest: Manifest, why: string): Result<never> {
  return problem(
    "damaged",
    `the backup ${manifest.id} is damaged: ${why}`,
    "choose another backup, and rehearse it first: lastgood drill",
    manifest.id,
  );
}
