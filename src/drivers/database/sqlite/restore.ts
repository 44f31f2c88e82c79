// restore: a prepared file takes the live name by one rename, and what was there is kept. At most once for an op.
import { dirname } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { FileOwner } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import { passEpoch } from "../epoch.ts";
import { countRows } from "./content.ts";
import { type Context, epochPlace, preparedPath } from "./context.ts";
import { inUse } from "./grip.ts";
import { findBackup, type Manifest } from "./manifest.ts";
import type { Mark } from "./marker.ts";
import { usingLive } from "./open.ts";
import { prepare } from "./prepare.ts";
import { appliedMarks, keptBy, noteSwap, settleSwaps } from "./settle.ts";
import { type Restored, swap } from "./swap.ts";

export async function restore(context: Context, op: Op, id: string): Promise<Result<Restored>> {
  const fence = await passEpoch(epochPlace(context), op);
  if (!fence.ok) return fence;
  const live = await context.swap.real(context.config.file);
  if (!live.ok) return live;
  const settled = await settleSwaps(context, live.value);
  if (!settled.ok) return settled;

  const marks = await appliedMarks(context, live.value);
  if (!marks.ok && marks.error.code !== "damaged") return marks;
  const known = marks.ok ? marks.value : [];
  if (known.some((mark) => mark.op === op.id)) return again(context, op.id, known);
  const manifest = await findBackup(context, live.value, id);
  if (!manifest.ok) return manifest;
  const free = await mayReplace(context, live.value, manifest.value, op);
  if (!free.ok) return free;
  return exchange(context, op, {
    live: live.value,
    manifest: manifest.value,
    marks: known,
    readable: marks.ok,
  });
}

/** The same op a second time: done, unless something else was restored over it. */
async function again(context: Context, op: string, marks: readonly Mark[]): Promise<Result<Restored>> {
  const newest = marks.at(-1);
  if (newest?.op === op) {
    const kept = await keptBy(context, op);
    return kept.ok ? ok({ kept: kept.value }) : kept;
  }
  return problem(
    "conflict",
    `${op} was restored before, and ${newest?.op} after it`,
    "look at the restores: lastgood history; start a new restore if this one is wanted again",
    context.config.file,
  );
}

/** What can be said before any work: nobody has it open, it is the same app's, and this op did not replace it before. */
async function mayReplace(context: Context, live: string, manifest: Manifest, op: Op): Promise<Result<void>> {
  const pids = (await context.openedBy?.(live)) ?? [];
  if (pids.length > 0) return inUse(live, pids);
  const kept = await keptBy(context, op.id);
  if (!kept.ok) return kept;
  if (kept.value !== "")
    return problem(
      "conflict",
      `${kept.value} exists: ${op.id} replaced the database before, and it no longer says so`,
      "start a new restore",
      live,
    );
  return sameApp(context, live, manifest);
}

/** Two databases without one table in common are two apps' databases. Only where the live one can be read. */
async function sameApp(context: Context, live: string, manifest: Manifest): Promise<Result<void>> {
  const stat = await context.files.stat(live);
  if (!stat.ok) return stat;
  if (stat.value === null) return ok(undefined);
  const rows = await usingLive(context, live, countRows);
  if (!rows.ok) return rows.error.code === "damaged" ? ok(undefined) : rows;
  const [then, now] = [Object.keys(manifest.rows), Object.keys(rows.value)];
  if (then.length === 0 || now.length === 0 || then.some((table) => now.includes(table)))
    return ok(undefined);
  return problem(
    "failed",
    `${manifest.id} is of another database: it has ${list(then)}; ${live} has ${list(now)}`,
    "choose a backup of this database; if it really is to replace this one, move the live file away first",
    live,
  );
}

type Exchange = {
  readonly live: string;
  readonly manifest: Manifest;
  readonly marks: readonly Mark[];
  readonly readable: boolean;
};

async function exchange(context: Context, op: Op, wanted: Exchange): Promise<Result<Restored>> {
  const { live, manifest } = wanted;
  const owner = await ownerFor(context, live, manifest);
  if (!owner.ok) return owner;
  const noted = await noteSwap(context, op.id, null);
  if (!noted.ok) return noted;
  const path = preparedPath(live, op.id);
  const marks = [...wanted.marks, { op: op.id, at: context.clock.now() }];
  const prepared = await prepare(context, { manifest, live, path, marks, owner: owner.value, full: false });
  const swapped = prepared.ok
    ? await swap(context, { op, live, owner: owner.value, by: manifest })
    : prepared;
  // The reason of the failure is what the caller needs; what can't be taken back now is by the next call.
  if (!swapped.ok) await settleSwaps(context, live);
  return swapped;
}

/** As the live file has it, because the app that will open the new one is the same. */
async function ownerFor(context: Context, live: string, manifest: Manifest): Promise<Result<FileOwner>> {
  const now = await context.swap.owner(live);
  if (!now.ok) return now;
  if (now.value !== null) return ok(now.value.owner);
  const folder = await context.files.stat(dirname(live));
  if (!folder.ok) return folder;
  if (folder.value !== null) return ok(manifest.owner);
  return problem("missing", `there is no folder ${dirname(live)}`, `make the folder ${dirname(live)}`, live);
}

function list(tables: readonly string[]): string {
  const shown = tables.slice(0, 5).join(", ");
  return tables.length > 5 ? `${shown} and ${tables.length - 5} more` : shown;
}
