// Swaps that never ended: a note says what a restore is about to change, and what did not happen is taken back.
import { basename, dirname, join } from "node:path";
import { ok, type Result } from "../../../core/result.ts";
import {
  type Context,
  keptPath,
  manifestPath,
  preparedPath,
  removeDatabase,
  removeIfThere,
  sidecars,
} from "./context.ts";
import { hashFile, readManifest } from "./manifest.ts";
import { type Mark, readMarks } from "./marker.ts";
import { openWritable, single, using, usingLive } from "./open.ts";

const NOTE = /^\.swap-(.+)\.json$/;

/**
 * Written before anything is made beside the live database, removed when nothing of the swap is left to do.
 * `journalMode` is what to give back; null while it is not changed.
 */
export async function noteSwap(
  context: Context,
  op: string,
  journalMode: string | null,
): Promise<Result<void>> {
  return context.files.replace(notePath(context, op), JSON.stringify({ journalMode }), 0o600);
}

/** Restores that made the live database what it is, oldest first; `damaged` where it can't be read. */
export async function appliedMarks(context: Context, live: string): Promise<Result<readonly Mark[]>> {
  const stat = await context.files.stat(live);
  if (!stat.ok) return stat;
  return stat.value === null ? ok([]) : usingLive(context, live, readMarks);
}

/**
 * Bring every noted swap to all-old or all-new. What did happen is known by the target alone: the live name leads
 * to another file than the kept one, and that file carries the mark.
 */
export async function settleSwaps(context: Context, live: string): Promise<Result<void>> {
  const names = await context.files.list(context.config.backupDir);
  if (!names.ok) return names;
  for (const name of names.value) {
    const op = NOTE.exec(name)?.[1];
    if (op === undefined) continue;
    const settled = await settle(context, live, op);
    if (!settled.ok) return settled;
  }
  return ok(undefined);
}

async function settle(context: Context, live: string, op: string): Promise<Result<void>> {
  const done = await happened(context, live, op);
  if (!done.ok) return done;
  if (done.value === "no") {
    const undone = await takeBack(context, live, op);
    if (!undone.ok) return undone;
  }
  const removed = await removeDatabase(context, preparedPath(live, op));
  if (!removed.ok) return removed;
  const swept = await sweepHalfCopies(context, [preparedPath(live, op), keptPath(live, op)]);
  if (!swept.ok) return swept;
  // The rename may have been seen but not be on the disk yet: the note goes only after it is.
  const synced = await context.swap.sync(dirname(live));
  return synced.ok ? context.files.remove(notePath(context, op)) : synced;
}

/** A copy grows beside its place under a hidden name; of one that was killed, that is what is left. */
async function sweepHalfCopies(context: Context, paths: readonly string[]): Promise<Result<void>> {
  for (const path of paths) {
    const names = await context.files.list(dirname(path));
    if (!names.ok) return names;
    for (const name of names.value.filter((one) => one.startsWith(`.${basename(path)}.`))) {
      const removed = await context.files.remove(join(dirname(path), name));
      if (!removed.ok) return removed;
    }
  }
  return ok(undefined);
}

async function happened(
  context: Context,
  live: string,
  op: string,
): Promise<Result<"yes" | "no" | "unclear">> {
  const [now, kept] = [await context.files.stat(live), await context.files.stat(keptPath(live, op))];
  if (!now.ok) return now;
  if (!kept.ok) return kept;
  if (kept.value !== null && kept.value.identity === now.value?.identity) return ok("no");
  const marks = await appliedMarks(context, live);
  if (!marks.ok && marks.error.code !== "damaged") return marks;
  if (marks.ok && marks.value.some((mark) => mark.op === op)) return ok("yes");
  // Nothing kept yet, or a copy where there are no links. A kept file that the live one does not equal stays.
  if (kept.value === null) return ok("no");
  const [left, right] = [
    await hashFile(context.files, live),
    await hashFile(context.files, keptPath(live, op)),
  ];
  return ok(left.ok && right.ok && left.value.sha256 === right.value.sha256 ? "no" : "unclear");
}

async function takeBack(context: Context, live: string, op: string): Promise<Result<void>> {
  const note = await context.files.read(notePath(context, op));
  if (!note.ok) return note;
  const kept = keptPath(live, op);
  for (const end of sidecars) {
    const back = await moveBack(context, `${kept}${end}`, `${live}${end}`);
    if (!back.ok) return back;
  }
  const forgotten = await removeIfThere(context, manifestPath(context, `before-${op}`));
  if (!forgotten.ok) return forgotten;
  const unlinked = await removeIfThere(context, kept);
  if (!unlinked.ok) return unlinked;
  if (note.value.toString("utf8").includes('"wal"')) await backToWal(context, live);
  return ok(undefined);
}

/** A damaged database had its sidecars moved out of the way. Where new ones came since, the old stay where they are. */
async function moveBack(context: Context, from: string, to: string): Promise<Result<void>> {
  const [there, here] = [await context.files.stat(from), await context.files.stat(to)];
  if (!there.ok) return there;
  if (!here.ok) return here;
  if (there.value === null || here.value !== null) return ok(undefined);
  return context.swap.rename(from, to);
}

/** Best effort: whoever has the database open decides its mode, and its rows are the same in either. */
async function backToWal(context: Context, live: string): Promise<void> {
  await using(context, live, openWritable, (db) => single(db, "PRAGMA journal_mode=WAL"));
}

/** The op's kept database, where its manifest says that there is one. */
export async function keptBy(context: Context, op: string): Promise<Result<string>> {
  const manifest = await readManifest(context, `before-${op}`);
  return manifest.ok ? ok(manifest.value?.id ?? "") : manifest;
}

function notePath(context: Context, op: string): string {
  return join(context.config.backupDir, `.swap-${op}.json`);
}
