// A file or folder from elsewhere becomes a backup of ours: known by its content, really restored, and dumped from there.
import { basename, join } from "node:path";
import { parseDatabaseUrl } from "../../../../core/database-url.ts";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Backup } from "../../../../ports/database.ts";
import type { Op } from "../../../../ports/op.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { hashFile } from "../../sqlite/manifest.ts";
import { alreadyWhole, fileSafe, sweepParts, TEMP } from "../back-up.ts";
import type { Context } from "../context.ts";
import { toolEnd } from "../dump.ts";
import { passEpoch } from "../epoch.ts";
import { databaseFacts } from "../facts.ts";
import { makeDump } from "../make-dump.ts";
import type { DatabaseFacts, Manifest } from "../manifest.ts";
import { load } from "../restore/load.ts";
import { optionsOf } from "../restore/options.ts";
import { inSession } from "../rows.ts";
import { withScratch } from "../scratch.ts";
import { backupOf, listManifests } from "../store.ts";
import { atDesk } from "../swap/entry.ts";
import { readArchive } from "./archive.ts";
import { fitsServer, fitsTables } from "./fit.ts";
import { whatIsAt } from "./kind.ts";
import { readPlain } from "./plain.ts";
import { type Inner, unwrap } from "./unwrap.ts";

const LOAD_MS = 6 * 3_600_000;

/** Of a path that is not ours, so nothing is written beside it. */
export async function intake(context: Context, op: Op, path: string): Promise<Result<Backup>> {
  const passed = await passEpoch(context, op);
  if (!passed.ok) return passed;
  const id = `${fileSafe(`from-${basename(path)}`)}-${op.id}`;
  const done = await alreadyWhole(context, id);
  if (!done.ok) return done;
  if (done.value) return ok(backupOf(done.value));
  const swept = await sweepParts(context);
  if (!swept.ok) return swept;
  const origin = await digestOfForeign(context, path);
  if (!origin.ok) return origin;
  const temp = join(context.config.backupDir, `${id}.layer`);
  const inner = await unwrap(context, path, temp);
  const made = inner.ok
    ? await atDesk(context, (desk) =>
        restoreAndDump(context, op, desk, {
          ...{ id, shown: path, inner: inner.value },
          origin: { path, sha256: origin.value, format: inner.value.format },
        }),
      )
    : inner;
  await sweepParts(context); // layers, and what failed; what stays is swept by the next one
  return made.ok ? ok(backupOf(made.value)) : made;
}

/** Of a folder: over all its files. A `.sha256` beside a file, as sha256sum writes it, must fit. */
async function digestOfForeign({ digest, files }: Context, path: string): Promise<Result<string>> {
  const stat = await whatIsAt(files, path);
  if (!stat.ok) return stat;
  if (stat.value.type === "directory") {
    const tree = await digest(path);
    return tree.ok ? ok(tree.value.digest) : tree;
  }
  const hash = await hashFile(files, path);
  if (!hash.ok) return hash;
  const own = hash.value.sha256;
  const noted = await files.read(`${path}.sha256`);
  if (!noted.ok) return noted.error.code === "missing" ? ok(own) : noted;
  const wanted = /^[0-9a-f]{64}/.exec(noted.value.toString("latin1"))?.[0];
  if (wanted === own) return ok(own);
  return problem(
    "damaged",
    `${path} has the sha256 ${own}, and ${basename(path)}.sha256 says ${wanted ?? "nothing that is one"}`,
    "the file was changed or damaged since it was made: choose another one",
    path,
  );
}

type Taking = {
  readonly id: string;
  readonly inner: Inner;
  /** The path that the person named. */
  readonly shown: string;
  readonly origin: NonNullable<Manifest["origin"]>;
};

async function restoreAndDump(
  context: Context,
  op: Op,
  desk: SqlSession,
  { id, inner, shown, origin }: Taking,
): Promise<Result<Manifest>> {
  const about =
    inner.kind === "plain"
      ? await readPlain(context.files, inner.path, shown)
      : await readArchive(context, inner.path, shown, op.signal);
  if (!about.ok) return about;
  const fits = await fitsServer(context, desk, about.value, shown);
  if (!fits.ok) return fits;
  const like = await factsToBringBack(context, desk);
  if (!like.ok) return like;
  return withScratch(context, desk, { purpose: "intake", facts: like.value }, async (name) => {
    const filled = await fill(context, op, desk, { name, inner, shown });
    if (!filled.ok) return filled;
    const right = await fitsTables(context, name, shown);
    if (!right.ok) return right;
    return inSession(context.admin, name, async (session) => {
      const size = await databaseFacts(session, name);
      if (!size.ok) return size;
      const of = { ...like.value, sizeBytes: size.value.sizeBytes };
      const temp = join(context.config.backupDir, `${id}${TEMP}`);
      return makeDump(context, op, session, { id, temp, from: name, of, origin });
    });
  });
}

type Filling = { readonly name: string; readonly inner: Inner; readonly shown: string };

async function fill(
  context: Context,
  op: Op,
  desk: SqlSession,
  { name, inner, shown }: Filling,
): Promise<Result<void>> {
  const done =
    inner.kind === "plain"
      ? await fillFromText(context, op, name, inner.path)
      : await load(context, desk, { op, into: name, from: inner.path, options: optionsOf(context) });
  if (done.ok) return done;
  const what = done.error.what.replaceAll(inner.path, shown);
  return { ok: false, error: { ...done.error, what, where: shown } };
}

/** All of it or nothing, and the first error ends it. `-X`: no settings of whoever runs this. */
async function fillFromText(context: Context, op: Op, name: string, path: string): Promise<Result<void>> {
  const ended = await context.tools.run(
    "psql",
    {
      args: ["-X", "-q", "-1", "-w", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", path],
      database: name,
      as: "admin",
      effect: "write",
      op: op.id,
      timeoutMs: LOAD_MS,
      folder: path,
    },
    op.signal,
  );
  return ended.ok ? toolEnd("psql", ended.value) : ended;
}

/** Owner, rights and settings are those of the live database; where it is gone, of the newest backup; else usual ones. */
async function factsToBringBack(context: Context, desk: SqlSession): Promise<Result<DatabaseFacts>> {
  const live = await databaseFacts(desk, context.database);
  if (live.ok || live.error.code !== "missing") return live;
  const known = await listManifests(context);
  if (!known.ok) return known;
  const newest = known.value.find(({ place }) => place.kind === "folder");
  if (newest) return ok(newest.database);
  const url = parseDatabaseUrl(context.config.url);
  if (!url.ok) return url;
  const usual = await databaseFacts(desk, "postgres");
  if (!usual.ok) return usual;
  const { user } = url.value;
  return ok({ ...usual.value, name: context.database, owner: user, comment: null, acl: null, settings: [] });
}
