// What is known of a snapshot, outside the server. Written last: without a manifest there is no snapshot.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { expired } from "../../../core/backups/retention.ts";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Backup } from "../../../ports/database.ts";
import { hashFile } from "../sqlite/manifest.ts";
import { databaseContent } from "./content.ts";
import type { Context } from "./context.ts";

/** Ids come from people too, and become file names. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,199}$/;

const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string().regex(ID),
  op: z.string(),
  at: z.number(),
  /** `server`: what a restore replaced still lies there, in databases that the app does not use. */
  place: z.enum(["file", "server"]),
  bytes: z.number(),
  /** Of the file; empty while it has none. */
  sha256: z.string(),
  rows: z.record(z.string(), z.int()),
  /** By number of the database; null while it lies in the server. */
  content: z.record(z.string(), databaseContent).nullable(),
  /** Which store it was; null where that could not be written there. */
  store: z.string().nullable(),
  /** What the server said of itself. */
  server: z.object({
    version: z.string(),
    runId: z.string(),
    role: z.string(),
    memoryBytes: z.number(),
    appendOnly: z.boolean(),
    eviction: z.string(),
  }),
  /** The newest drill that passed. */
  rehearsed: z.object({ at: z.number(), ms: z.number() }).nullable(),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** Of what a restore keeps, as long as it lies in the server. */
export function keptManifest(about: Pick<Manifest, "op" | "at" | "store" | "server">): Manifest {
  return {
    version: 1,
    id: `before-${about.op}`,
    ...about,
    place: "server",
    bytes: 0,
    sha256: "",
    rows: {},
    content: null,
    rehearsed: null,
  };
}

export function filePath({ config }: Context, id: string): string {
  return join(config.backupDir, `${id}.rdb`);
}

export function manifestPath({ config }: Context, id: string): string {
  return join(config.backupDir, `${id}.json`);
}

export function backupOf({ id, op, at, bytes, sha256, rows }: Manifest, damaged?: string): Backup {
  return { id, op, at, bytes, sha256, rows, ...(damaged === undefined ? {} : { damaged }) };
}

export async function writeManifest(context: Context, manifest: Manifest): Promise<Result<void>> {
  return context.files.replace(
    manifestPath(context, manifest.id),
    `${JSON.stringify(manifest, null, 2)}\n`,
    0o600,
  );
}

/** Null where there is none. One that can't be read is `damaged`: a snapshot must not vanish in silence. */
export async function readManifest(context: Context, id: string): Promise<Result<Manifest | null>> {
  if (!ID.test(id)) return ok(null);
  const path = manifestPath(context, id);
  const read = await context.files.read(path);
  if (!read.ok) return read.error.code === "missing" ? ok(null) : read;
  const manifest = manifestSchema.safeParse(parseJson(read.value.toString("utf8")));
  if (manifest.success && manifest.data.id === id) return ok(manifest.data);
  return problem("damaged", `${path} is no manifest of ours`, "take it out of the folder", path);
}

/** Newest first. */
export async function allManifests(context: Context): Promise<Result<readonly Manifest[]>> {
  const names = await context.files.list(context.config.backupDir);
  if (!names.ok) return names;
  const found: Manifest[] = [];
  for (const name of names.value.filter((one) => one.endsWith(".json"))) {
    const manifest = await readManifest(context, name.slice(0, -".json".length));
    if (!manifest.ok && manifest.error.code !== "damaged") return manifest;
    if (manifest.ok && manifest.value !== null) found.push(manifest.value);
  }
  return ok(found.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)));
}

export async function findManifest(context: Context, id: string): Promise<Result<Manifest>> {
  const found = await readManifest(context, id);
  if (!found.ok) return found;
  if (found.value !== null) return ok(found.value);
  const all = await allManifests(context);
  const known = all.ok ? all.value.slice(0, 3).map((one) => one.id) : [];
  const next = known.length > 0 ? `name one that exists, e.g. ${known.join(", ")}` : "lastgood backup now";
  return problem("missing", `there is no snapshot ${id}`, next, context.config.backupDir);
}

/** `damaged` where its file is not the one that was written down. */
export async function passFile(context: Context, { id, bytes, sha256 }: Manifest): Promise<Result<void>> {
  const path = filePath(context, id);
  const hash = await hashFile(context.files, path);
  if (!hash.ok) return hash.error.code === "missing" ? damaged(id, "its file is missing") : hash;
  if (hash.value.bytes !== bytes) return damaged(id, `it has ${hash.value.bytes} bytes instead of ${bytes}`);
  return hash.value.sha256 === sha256
    ? ok(undefined)
    : damaged(id, "its bytes are not those that were written");
}

export function damaged(id: string, why: string): Result<never> {
  return problem("damaged", `${id}: ${why}`, "choose another: lastgood backup list", id);
}

/** Those that nothing asks for any more; what restores replaced is counted apart. */
export async function prune(context: Context): Promise<Result<void>> {
  const all = await allManifests(context);
  if (!all.ok) return all;
  const { keep, also = { daily: 0, weekly: 0, monthly: 0 } } = context.config;
  const kept = all.value.filter((one) => one.id === `before-${one.op}`);
  const taken = all.value.filter((one) => !kept.includes(one));
  const seen = (list: readonly Manifest[]) =>
    list.map(({ id, at, rehearsed }) => ({ id, at, proved: rehearsed !== null, damaged: false }));
  const none = { daily: 0, weekly: 0, monthly: 0 };
  const gone = [
    ...expired(seen(taken), { newest: keep, ...also }),
    // In the server it takes the memory of the app: it goes from there when it has its file.
    ...expired(seen(kept.filter((one) => one.place === "file")), { newest: keep, ...none }),
  ];
  const orphans = await withoutManifest(context);
  if (!orphans.ok) return orphans;
  for (const id of [...gone, ...orphans.value]) {
    for (const path of [filePath(context, id), manifestPath(context, id)]) {
      const removed = await context.files.remove(path);
      if (!removed.ok) return removed;
    }
  }
  return ok(undefined);
}

/** Files of attempts that were killed. One beside a manifest that can't be read is none: somebody may mend that. */
async function withoutManifest({ files, config }: Context): Promise<Result<readonly string[]>> {
  const names = await files.list(config.backupDir);
  if (!names.ok) return names;
  const ids = names.value.flatMap((name) => (name.endsWith(".rdb") ? [name.slice(0, -".rdb".length)] : []));
  return ok(ids.filter((id) => !names.value.includes(`${id}.json`)));
}

/** A short name out of a longer one. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 20);
}
