// The swap: keep the live file under a second name, then one rename. Every line before it can be taken back.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { FileOwner } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import { passEpoch } from "../epoch.ts";
import { cancelled } from "../turns.ts";
import { type Context, epochPlace, keptPath, preparedPath, removeIfThere, sidecars } from "./context.ts";
import { busy, type Grip, grasp, inUse } from "./grip.ts";
import { hashFile, type Manifest, writeManifest } from "./manifest.ts";
import { noteSwap, settleSwaps } from "./settle.ts";

export type Restored = { readonly kept: string };

type Swap = {
  readonly op: Op;
  readonly live: string;
  readonly owner: FileOwner;
  /** What takes the live name: what it is like is noted with what it replaces. */
  readonly by: Pick<Manifest, "rows" | "digests">;
};

/** The prepared file of `op` takes the live name. After a failure, settleSwaps takes back what was begun. */
export async function swap(context: Context, wanted: Swap): Promise<Result<Restored>> {
  const { live } = wanted;
  const there = await context.files.stat(live);
  if (!there.ok) return there;
  if (there.value === null) return intoNothing(context, wanted);
  const grip = await grasp(context, live);
  if (!grip.ok) return grip.error.code === "damaged" ? overDamaged(context, wanted, grip.error.what) : grip;
  try {
    const simple = await simplify(context, wanted, grip.value);
    if (simple.ok) return await overGripped(context, wanted, grip.value);
    if (simple.error.code !== "damaged") return simple;
    grip.value.release();
    return await overDamaged(context, wanted, simple.error.what);
  } finally {
    grip.value.release();
  }
}

async function simplify(context: Context, { op, live }: Swap, grip: Grip): Promise<Result<void>> {
  const noted = await noteSwap(context, op.id, grip.journalMode);
  if (!noted.ok) return noted;
  const simple = grip.simplify();
  return !simple.ok && simple.error.code === "busy" ? busy(context, live) : simple;
}

/** The usual way: SQLite's exclusive lock is held until after the rename. */
async function overGripped(context: Context, wanted: Swap, grip: Grip): Promise<Result<Restored>> {
  const { live } = wanted;
  // Hashed and kept without the lock: whoever opens and closes the file drops all locks of this process on it.
  const manifest = await keptManifest(context, wanted, grip);
  if (!manifest.ok) return manifest;
  const kept = await keep(context, live, manifest.value);
  if (!kept.ok) return kept;
  const held = grip.hold();
  if (!held.ok) return held.error.code === "busy" ? busy(context, live) : held;
  if (!held.value) return busy(context, live);
  // Under the lock of a recovered database in rollback mode, whatever still lies there holds nothing.
  for (const end of sidecars) {
    const removed = await removeIfThere(context, `${live}${end}`);
    if (!removed.ok) return removed;
  }
  return commit(context, wanted, manifest.value.id);
}

/** SQLite can't lock it. Its sidecars may hold rows that somebody can still save: they go along with it. */
async function overDamaged(context: Context, wanted: Swap, damage: string): Promise<Result<Restored>> {
  const { op, live } = wanted;
  const manifest = await keptManifest(context, wanted, { journalMode: "unknown", rows: {}, damage });
  if (!manifest.ok) return manifest;
  const kept = await keep(context, live, manifest.value);
  if (!kept.ok) return kept;
  const moved = await moveSidecars(context, live, op.id);
  if (!moved.ok) return moved;
  const done = await commit(context, wanted, manifest.value.id);
  if (!done.ok) return done;
  // Without the lock somebody may have come between: then its -wal would lie beside the new file.
  const late = (await context.openedBy?.(keptPath(live, op.id))) ?? [];
  return late.length > 0 ? inUse(keptPath(live, op.id), late) : done;
}

/** No database is there, but sidecars of the one that was may be. */
async function intoNothing(context: Context, wanted: Swap): Promise<Result<Restored>> {
  const moved = await moveSidecars(context, wanted.live, wanted.op.id);
  return moved.ok ? commit(context, wanted, "") : moved;
}

async function keptManifest(
  context: Context,
  { op, live, owner, by }: Swap,
  found: Pick<Grip, "journalMode" | "rows" | "damage">,
): Promise<Result<Manifest>> {
  const synced = await context.swap.sync(live); // its app may have run with synchronous=OFF
  if (!synced.ok) return synced;
  const hash = await hashFile(context.files, live);
  if (!hash.ok) return hash;
  return ok({
    version: 1,
    id: `before-${op.id}`,
    op: op.id,
    at: context.clock.now(),
    ...hash.value,
    rows: found.rows,
    ...(found.damage === null ? {} : { damaged: found.damage }),
    place: "beside",
    checked: false,
    foreignKeyErrors: 0,
    digests: null,
    journalMode: found.journalMode,
    owner,
    rehearsed: null,
    replacedBy: { rows: by.rows, digests: by.digests },
  });
}

/** A second name for the file, or a copy where there are no links; and what it is, for those who want it back. */
async function keep(context: Context, live: string, manifest: Manifest): Promise<Result<void>> {
  const path = keptPath(live, manifest.op);
  const taken = await context.files.stat(path);
  if (!taken.ok) return taken;
  if (taken.value !== null)
    return problem("conflict", `${path} is there already`, `move ${path} away, then run again`, path);
  const linked = await context.swap.link(live, path);
  if (!linked.ok) return linked;
  if (!linked.value) {
    const copied = await context.files.copy(live, path);
    if (!copied.ok) return copied;
    const given = await context.swap.give(path, manifest.owner);
    if (!given.ok) return given;
  }
  return writeManifest(context, manifest);
}

async function moveSidecars(context: Context, live: string, op: string): Promise<Result<void>> {
  for (const end of sidecars) {
    const there = await context.files.stat(`${live}${end}`);
    if (!there.ok) return there;
    if (there.value === null) continue;
    const moved = await context.swap.rename(`${live}${end}`, `${keptPath(live, op)}${end}`);
    if (!moved.ok) return moved;
  }
  return ok(undefined);
}

async function commit(context: Context, { op, live }: Swap, kept: string): Promise<Result<Restored>> {
  const fence = await passEpoch(epochPlace(context), op);
  if (!fence.ok) return fence;
  const pids = (await context.openedBy?.(live)) ?? [];
  if (pids.length > 0) return inUse(live, pids);
  if (op.signal.aborted) return cancelled(); // the last moment: from here on it is all-new
  const renamed = await context.swap.rename(preparedPath(live, op.id), live);
  if (!renamed.ok) return renamed;
  const settled = await settleSwaps(context, live); // removes the note
  return settled.ok ? ok({ kept }) : settled;
}
