// Databases that a restore replaced: fenced and read-only, opened for looks of ours alone, and listed as backups.
import { createHash } from "node:crypto";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { databaseFacts, extensionFacts, objectFacts, roleFacts, serverFacts } from "../facts.ts";
import { takeExchange } from "../fence/lock.ts";
import { endSessions } from "../fence/sessions.ts";
import type { Manifest, TableFacts } from "../manifest.ts";
import { quoteName } from "../names.ts";
import { rowsOf } from "../rows.ts";
import { noteMoments } from "../salvage/moments.ts";
import { listManifests, manifestPath, readManifest, writeManifest } from "../store.ts";
import { tableFacts, tableShapes } from "../tables.ts";
import { atDesk, type Entry, markedEntries, readEntry } from "./entry.ts";

/** Requests wait while a kept database is listed: rows of a large one are told as the server estimates them. */
const COUNT_MS = 300;
const QUERY_CANCELED = "57014";

/**
 * A session in a kept database, for a look: salvage, rehearsals. It is shut again at the end, and by `settle` where a
 * crash prevents that. Nobody else knows its name; whoever does may only read.
 */
export function withKept<T>(
  context: Context,
  name: string,
  work: (session: SqlSession) => Promise<Result<T>>,
): Promise<Result<T>> {
  return atDesk(context, async (desk) => {
    const locked = await takeExchange(context, desk);
    if (!locked.ok) return locked;
    const entry = await readEntry(desk, name);
    if (!entry.ok) return entry;
    if (entry.value?.mark?.kept?.of !== context.database) return notKept(name);
    return openFor(context, desk, entry.value, work);
  });
}

/** For databases that are shut: opened for us, and shut again at the end. */
export async function openFor<T>(
  context: Context,
  desk: SqlSession,
  entry: Entry,
  work: (session: SqlSession) => Promise<Result<T>>,
): Promise<Result<T>> {
  const opened = await allow(desk, entry.name, true);
  if (!opened.ok) return opened;
  try {
    const session = await context.admin.connect(entry.name);
    if (!session.ok) return session;
    try {
      return await work(session.value);
    } finally {
      await session.value.close();
    }
  } finally {
    await allow(desk, entry.name, false); // what fails now is done by `settle`
    await endSessions(context, desk, [entry.name]);
  }
}

/** Needs the lock. Lists what is kept of this database, shuts it, and forgets what is not there any more. */
export async function recordAllKept(context: Context, desk: SqlSession): Promise<Result<void>> {
  // Before the next exchange: the server forgets with it when this one was.
  const noted = await noteMoments(context, desk);
  if (!noted.ok) return noted;
  const marked = await markedEntries(desk);
  if (!marked.ok) return marked;
  const kept = marked.value.filter(({ mark }) => mark?.kept?.of === context.database);
  for (const entry of kept) {
    const recorded = await record(context, desk, entry);
    if (!recorded.ok) return recorded;
  }
  const oids = new Set(kept.map((entry) => entry.oid));
  const manifests = await listManifests(context);
  if (!manifests.ok) return manifests;
  for (const { id, place } of manifests.value) {
    if (place.kind !== "database" || place.why !== "before" || oids.has(place.oid)) continue;
    const removed = await context.files.remove(manifestPath(context, id));
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

async function record(context: Context, desk: SqlSession, entry: Entry): Promise<Result<void>> {
  const kept = entry.mark?.kept;
  if (kept === undefined) return ok(undefined);
  if (entry.allowsConnections) {
    const shut = await allow(desk, entry.name, false);
    if (!shut.ok) return shut;
  }
  const known = await readManifest(context, `before-${kept.op}`);
  if (known.ok && known.value !== null) return ok(undefined);
  const described = await openFor(context, desk, entry, (session) =>
    describe(context, session, entry, { op: kept.op, at: kept.at }),
  );
  return described.ok ? writeManifest(context, described.value) : described;
}

async function describe(
  context: Context,
  session: SqlSession,
  entry: Entry,
  { op, at }: { readonly op: string; readonly at: number },
): Promise<Result<Manifest>> {
  const server = await serverFacts(session);
  if (!server.ok) return server;
  const database = await databaseFacts(session, entry.name);
  if (!database.ok) return database;
  const roles = await roleFacts(session);
  if (!roles.ok) return roles;
  const extensions = await extensionFacts(session);
  if (!extensions.ok) return extensions;
  const objects = await objectFacts(session);
  if (!objects.ok) return objects;
  const tables = await countedOrEstimated(session);
  if (!tables.ok) return tables;
  const manifest: Manifest = {
    version: 1,
    id: `before-${op}`,
    op,
    at,
    place: { kind: "database", name: entry.name, oid: entry.oid, why: "before" },
    bytes: database.value.sizeBytes,
    sha256: digest(entry, tables.value.tables),
    files: [],
    encryption: null,
    server: server.value,
    toolVersion: null,
    database: database.value,
    roles: roles.value,
    extensions: extensions.value,
    objects: objects.value,
    snapshot: {
      s0: "3:3:",
      inexact: "it is the database itself, not a copy of a moment",
    },
    position: { lsn: "0/0", timeline: 0, restorePoint: null },
    tables: [...tables.value.tables],
    migrations: [],
    release: context.past?.release() ?? null,
    ladder: [{ way: "kept", chosen: true, why: tables.value.how }],
    secondPlace: null,
    rehearsed: null,
  };
  return ok(manifest);
}

type Counted = { readonly tables: readonly TableFacts[]; readonly how: string };

async function countedOrEstimated(session: SqlSession): Promise<Result<Counted>> {
  const limited = await session.query(`SET statement_timeout = ${COUNT_MS}`);
  if (!limited.ok) return limited;
  const counted = await tableFacts(session, "counts");
  if (counted.ok) return ok({ tables: counted.value, how: "a restore replaced it" });
  if (!("sqlState" in counted.error) || counted.error.sqlState !== QUERY_CANCELED) return counted;
  const shapes = await tableShapes(session);
  if (!shapes.ok) return shapes;
  const guessed = await rowsOf(
    session,
    `SELECT n.nspname AS schema, c.relname AS name, greatest(c.reltuples, 0)::bigint AS rows
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'`,
  );
  if (!guessed.ok) return guessed;
  const rows = new Map(guessed.value.map((row) => [`${row["schema"]}.${row["name"]}`, Number(row["rows"])]));
  const tables = shapes.value.map(({ bytes: _, ...shape }) => ({
    ...shape,
    rows: rows.get(`${shape.schema}.${shape.name}`) ?? 0,
    hash: null,
  }));
  return ok({ tables, how: "a restore replaced it; its rows are the server's estimate" });
}

/** What it is, not what is in it: that would be one read of everything, and nothing has touched it since. */
function digest({ oid, name }: Entry, tables: readonly TableFacts[]): string {
  const text = JSON.stringify([oid, name, tables.map((table) => [table.schema, table.name, table.rows])]);
  return createHash("sha256").update(text).digest("hex");
}

async function allow(desk: SqlSession, name: string, yes: boolean): Promise<Result<void>> {
  const done = await desk.query(`ALTER DATABASE ${quoteName(name)} ALLOW_CONNECTIONS ${yes}`);
  return done.ok ? ok(undefined) : done;
}

function notKept(name: string): Result<never> {
  return problem(
    "missing",
    `${name} is no database that a restore of ours kept`,
    "look at what there is: lastgood backup list",
    name,
  );
}
