// backUp: a dump and what must be known to trust it, all of one snapshot. Its manifest, written last, makes it exist.
import { join } from "node:path";
import { ok, type Result } from "../../../core/result.ts";
import type { Backup, Copied } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import { passLabel } from "../kept-label.ts";
import type { Context } from "./context.ts";
import { careForCopies, ofCopy } from "./copies/back-up.ts";
import { passEpoch } from "./epoch.ts";
import { databaseFacts } from "./facts.ts";
import { calledOffDump, type Dumping, digestOf, makeDump } from "./make-dump.ts";
import type { Manifest } from "./manifest.ts";
import { prune } from "./prune.ts";
import { inSession } from "./rows.ts";
import { backupOf, dropFolderBackup, folderOf, readManifest } from "./store.ts";
import { passFileStart } from "./tools.ts";

const LABEL_CHARS_MAX = 100;
/** Not `.tmp`: that ends files which are just being replaced. */
export const TEMP = ".half";

/** `copied`: see `Database.backUp`. */
export async function backUp(
  context: Context,
  op: Op,
  label: string,
  copied: Copied | null = null,
): Promise<Result<Backup>> {
  const free = passLabel(label);
  if (!free.ok) return free;
  const passed = await passEpoch(context, op);
  if (!passed.ok) return passed;
  const id = `${fileSafe(label)}-${op.id}`;
  const done = await alreadyWhole(context, id);
  if (!done.ok) return done;
  if (done.value) return ok(backupOf(done.value));
  const swept = await sweepParts(context);
  if (!swept.ok) return swept;

  const temp = join(context.config.backupDir, `${id}${TEMP}`);
  const wanted = { id, temp, copied };
  const made = copied?.copy
    ? await ofCopy(context, op, copied.copy, wanted)
    : await ofLive(context, op, wanted);
  if (made.ok) {
    await prune(context); // what could not be removed now is tried again by the next backup
    await careForCopies(context);
    return ok(backupOf(made.value));
  }
  await context.files.remove(temp); // the reason is what the caller needs; sweep removes it later
  return op.signal.aborted ? calledOffDump() : made;
}

type Wanted = Pick<Dumping, "id" | "temp"> & { readonly copied: Copied | null };

function ofLive(context: Context, op: Op, wanted: Wanted): Promise<Result<Manifest>> {
  return inSession(context.admin, context.database, async (session) => {
    const live = await databaseFacts(session, context.database);
    return live.ok
      ? makeDump(context, op, session, { ...wanted, from: context.database, of: live.value })
      : live;
  });
}

/** The same op again: what it made before, or null after half of it (or a damaged one) was removed. */
export async function alreadyWhole(context: Context, id: string): Promise<Result<Manifest | null>> {
  const known = await readManifest(context, id);
  if (!known.ok || known.value === null) return known;
  const folder = folderOf(context, known.value);
  const tree = folder === null ? null : await context.digest(folder);
  if (tree?.ok && digestOf(filesOf(tree.value.entries, known.value)) === known.value.sha256) return known;
  if (tree && !tree.ok && tree.error.code !== "missing") return tree;
  const dropped = await dropFolderBackup(context, known.value);
  return dropped.ok ? ok(null) : dropped;
}

/** Leftovers of what never ended. Their names are ours alone; what a drill is using now stays. */
export async function sweepParts({ files, config, working }: Context): Promise<Result<void>> {
  const names = await files.list(config.backupDir);
  if (!names.ok) return names;
  const parts = names.value.filter((one) => one.endsWith(TEMP) || one.startsWith(passFileStart));
  for (const path of parts.map((name) => join(config.backupDir, name))) {
    if (working.has(path)) continue;
    const removed = await files.remove(path);
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

function filesOf(
  entries: readonly { readonly path: string; readonly type: string; readonly sha256: string }[],
  known: Manifest,
): Manifest["files"] {
  const bytes = new Map(known.files.map((file) => [file.path, file.bytes]));
  return entries
    .filter((entry) => entry.type === "file")
    .map((entry) => ({ path: entry.path, bytes: bytes.get(entry.path) ?? 0, sha256: entry.sha256 }));
}

/** Labels carry versions, and versions may be branch names. */
export function fileSafe(label: string): string {
  const safe = label.replace(/[^A-Za-z0-9._+-]/g, "_").replace(/^[^A-Za-z0-9]/, "x");
  return safe.slice(0, LABEL_CHARS_MAX) || "backup";
}
