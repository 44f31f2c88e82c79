// A dump and what must be known to trust it, all of one snapshot. Its manifest, written last, makes it exist.
import { join } from "node:path";
import { sha256 } from "../../../core/digest.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Copied } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import type { Context } from "./context.ts";
import { readGlobals, writeDump } from "./dump.ts";
import { extensionFacts, migrationFacts, objectFacts, roleFacts, serverFacts } from "./facts.ts";
import { explainLadder, type Ladder } from "./ladder.ts";
import type { DatabaseFacts, Manifest } from "./manifest.ts";
import { bytesInFolder, told } from "./progress.ts";
import { dumpBytes, roomFor } from "./room.ts";
import { keyOf, sealFolder } from "./sealed.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import { listManifests, writeManifest } from "./store.ts";
import { tableFacts, tableShapes } from "./tables.ts";

export type Dumping = {
  readonly id: string;
  /** Path that it is written to until it is whole. */
  readonly temp: string;
  /** The database that is read; the session is in it. */
  readonly from: string;
  /** What a restore must bring back around the rows: the live database, whatever is read. */
  readonly of: DatabaseFacts;
  /** The foreign file that it comes from. */
  readonly origin?: Manifest["origin"];
  /** What the template copy that it is read from came to, or why there is none. */
  readonly copied?: Copied | null;
  /** What is known better by whoever had it dumped, before it is written. */
  readonly amend?: (manifest: Manifest) => Manifest;
};

export async function makeDump(
  context: Context,
  op: Op,
  session: SqlSession,
  { id, temp, from, of, origin, copied = null, amend = (manifest) => manifest }: Dumping,
): Promise<Result<Manifest>> {
  const at = context.clock.now();
  const about = await aboutServer(session);
  if (!about.ok) return about;
  const before = await listManifests(context);
  if (!before.ok) return before;
  const needed = dumpBytes(of.sizeBytes, before.value);
  const room = await roomFor(context, context.config.backupDir, needed, `a dump of ${of.name}`);
  if (!room.ok) return room;
  const tool = await context.tools.version();
  if (!tool.ok) return tool;
  const readable = await tableShapes(session);
  if (!readable.ok) return readable;
  const ladder =
    origin === undefined
      ? await explainLadder(context, session, `lastgood-${op.id}`, copied)
      : ok(foreign(origin));
  if (!ladder.ok) return ladder;
  const snapshot = await takeSnapshot(session, context.clock, op.signal);
  if (!snapshot.ok) return snapshot;
  const work = { what: `dumping ${from}`, total: needed, done: () => bytesInFolder(context, temp) };
  const dumping = dumpAndRead(context, op, session, { temp, from, snapshot: snapshot.value });
  const content = await told(context, work, dumping);
  if (!content.ok) return content;
  const globals = await readGlobals(context, op);
  const key = await keyOf(context);
  if (!key.ok) return key;
  const sealed = key.value === null ? ok(undefined) : await sealFolder(context, temp, key.value);
  if (!sealed.ok) return sealed;
  const named = await giveName(context, op, temp, join(context.config.backupDir, id));
  if (!named.ok) return named;
  const { exported: _, lsn, timeline, ...exact } = snapshot.value;
  const manifest = amend({
    version: 1,
    id,
    op: op.id,
    at,
    place: { kind: "folder", path: id, format: "directory" },
    ...named.value,
    encryption: key.value === null ? null : { method: "aes-256-gcm", key: key.value.name },
    ...about.value,
    database: of,
    toolVersion: tool.value.version,
    globals,
    ...content.value,
    snapshot: exact,
    position: { lsn, timeline, restorePoint: ladder.value.restorePoint },
    release: origin === undefined ? (context.past?.release() ?? null) : null,
    ladder: [...ladder.value.rungs],
    secondPlace: null,
    rehearsed: null,
    ...(origin === undefined ? {} : { origin }),
  });
  const written = await writeManifest(context, manifest);
  return written.ok ? ok(manifest) : written;
}

async function aboutServer(session: SqlSession) {
  const server = await serverFacts(session);
  if (!server.ok) return server;
  const roles = await roleFacts(session);
  if (!roles.ok) return roles;
  return ok({ server: server.value, roles: roles.value });
}

function foreign({ path }: { readonly path: string }): Ladder {
  const why = `it was made of ${path}, which was restored and checked first`;
  return { rungs: [{ way: "foreign file", chosen: true, why }], restorePoint: null };
}

type Content = Pick<Manifest, "tables" | "extensions" | "objects" | "migrations">;

/** Both from the same snapshot, at the same time. The session's transaction keeps the snapshot until pg_dump has it. */
async function dumpAndRead(
  context: Context,
  op: Op,
  session: SqlSession,
  { temp, from, snapshot }: Pick<Dumping, "temp" | "from"> & { readonly snapshot: Snapshot },
): Promise<Result<Content>> {
  const parent = context.config.backupDir;
  const dumped = writeDump(
    context,
    op,
    { database: from, folder: temp, snapshot: snapshot.exported },
    parent,
  ).then(async (end) => {
    if (!end.ok) await session.close(); // nobody needs the hashes of a dump that failed
    return end;
  });
  const content = await readContent(session);
  const dump = await dumped;
  if (!dump.ok) return dump;
  if (!content.ok) return content;
  const ended = await session.query("COMMIT");
  return ended.ok ? content : ended;
}

async function readContent(session: SqlSession): Promise<Result<Content>> {
  const extensions = await extensionFacts(session);
  if (!extensions.ok) return extensions;
  const objects = await objectFacts(session);
  if (!objects.ok) return objects;
  const migrations = await migrationFacts(session);
  if (!migrations.ok) return migrations;
  const tables = await tableFacts(session);
  if (!tables.ok) return tables;
  return ok({
    extensions: extensions.value,
    objects: objects.value,
    migrations: migrations.value,
    tables: [...tables.value],
  });
}

type Whole = Pick<Manifest, "files" | "bytes" | "sha256">;

/** pg_dump has synced what it wrote; hashed before the name is given, so that the name is only of what was hashed. */
async function giveName(context: Context, op: Op, temp: string, folder: string): Promise<Result<Whole>> {
  const tree = await context.digest(temp);
  if (!tree.ok) return tree;
  if (op.signal.aborted) return calledOffDump();
  const sizes = new Map<string, number>();
  for (const entry of tree.value.entries) {
    const stat = await context.files.stat(join(temp, entry.path));
    if (!stat.ok) return stat;
    sizes.set(entry.path, stat.value?.size ?? 0);
  }
  const files = tree.value.entries
    .filter((entry) => entry.type === "file")
    .map(({ path, sha256: digest }) => ({ path, bytes: sizes.get(path) ?? 0, sha256: digest }));
  if (!files.some(({ path }) => path.startsWith("toc.dat")))
    return problem("failed", "pg_dump left no toc.dat", "run again, and look at the disk", temp);
  const removed = await context.files.remove(folder); // of an op that died between name and manifest
  if (!removed.ok) return removed;
  const named = await context.swap.rename(temp, folder);
  if (!named.ok) return named;
  const synced = await context.swap.sync(context.config.backupDir);
  if (!synced.ok) return synced;
  return ok({ files, bytes: tree.value.bytes, sha256: digestOf(files) });
}

/** One digest for all files, by path and content. */
export function digestOf(files: Manifest["files"]): string {
  return sha256(files.map((file) => `${file.sha256}  ${file.path}\n`).join(""));
}

export function calledOffDump(): Result<never> {
  return problem("cancelled", "called off before the backup was whole", "run again if it is still wanted");
}
