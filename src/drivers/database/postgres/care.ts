// What a PostgreSQL database's backups need beside taking and restoring them.
import { join } from "node:path";
import { fromChanges } from "../../../core/backups/words.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { AskSql } from "../../../ports/ask-sql.ts";
import type { BackupCare, BackupFile, Since } from "../../../ports/backup-care.ts";
import type { Turns } from "../turns.ts";
import { askIn } from "./ask.ts";
import type { Context } from "./context.ts";
import { readArchive } from "./intake/archive.ts";
import { intake } from "./intake/intake.ts";
import type { Manifest } from "./manifest.ts";
import { inSession } from "./rows.ts";
import { since } from "./salvage/since.ts";
import { opened } from "./sealed.ts";
import { findManifest, folderOf, manifestPath } from "./store.ts";
import { withKept } from "./swap/kept.ts";
import { tableFacts } from "./tables.ts";

/** `changes`: turns of what changes the live database, or makes backups. */
export function postgresCare(context: Context, changes: Turns): BackupCare {
  return {
    since: (backup) => writtenSince(context, backup),
    verify: (backup) => verify(context, backup),
    files: (backup) => files(context, backup),
    intake: (op, path) => changes(() => intake(context, op, path), op.signal),
    ask: askLive(context),
  };
}

async function writtenSince(context: Context, backup: string): Promise<Result<Since>> {
  const found = await since(context, backup);
  return found.ok ? ok({ written: fromChanges(found.value), gaps: found.value.gaps }) : found;
}

/** The digests first, because they say most; then everything is unpacked, as a restore would. Of a kept database all is read. */
async function verify(context: Context, id: string): Promise<Result<void>> {
  const found = await findManifest(context, id);
  if (!found.ok) return found;
  const { place, damaged } = found.value;
  if (damaged !== undefined) return bad(id, damaged);
  if (place.kind === "database") {
    const read = await withKept(context, place.name, (session) => tableFacts(session));
    return read.ok ? ok(undefined) : read;
  }
  const folder = join(context.config.backupDir, place.path);
  const same = await sameBytes(context, found.value, folder);
  if (!same.ok) return same;
  return opened(context, found.value, folder, async (plain) => {
    const read = await readArchive(context, plain, id, new AbortController().signal);
    return read.ok ? ok(undefined) : read;
  });
}

async function sameBytes(context: Context, manifest: Manifest, folder: string): Promise<Result<void>> {
  const tree = await context.digest(folder);
  if (!tree.ok) return tree.error.code === "missing" ? bad(manifest.id, "its folder is missing") : tree;
  const there = new Map(tree.value.entries.map((entry) => [entry.path, entry.sha256]));
  for (const { path, sha256 } of manifest.files) {
    const now = there.get(path);
    if (now === undefined) return bad(manifest.id, `its file ${path} is missing`);
    if (now !== sha256) return bad(manifest.id, `${path} has the sha256 ${now} instead of ${sha256}`);
  }
  return ok(undefined);
}

function bad(id: string, why: string): Result<never> {
  return problem("damaged", `${id}: ${why}`, "choose another: lastgood backup list", id);
}

async function files(context: Context, id: string): Promise<Result<readonly BackupFile[]>> {
  const found = await findManifest(context, id);
  if (!found.ok) return found;
  const folder = folderOf(context, found.value);
  if (folder === null)
    return problem(
      "usage",
      `${id} is a database that a restore kept, and has no files`,
      "take a backup: lastgood backup now",
      id,
    );
  const own = found.value.files.map(({ path }) => ({ name: `${id}/${path}`, path: join(folder, path) }));
  return ok([...own, { name: `${id}.manifest.json`, path: manifestPath(context, id) }]);
}

function askLive(context: Context): AskSql {
  return (queries) => inSession(context.app, context.database, (session) => askIn(session)(queries));
}
