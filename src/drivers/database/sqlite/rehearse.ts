// rehearse: really restore a backup beside everything, measure it, and tell what a restore would cost.
import { join } from "node:path";
import { ok, type Result } from "../../../core/result.ts";
import type { LookAtCopy, Loss, Rehearsal } from "../../../ports/database.ts";
import type { Turns } from "../turns.ts";
import { askSqlite } from "./ask.ts";
import type { Content } from "./content.ts";
import { type Context, removeDatabase } from "./context.ts";
import { inspect } from "./inspect.ts";
import { findBackup, type Manifest, writeManifest } from "./manifest.ts";
import { prepare } from "./prepare.ts";

const SCRATCH = ".rehearsal-";

type Rehearsing = {
  readonly liveTurns: Turns;
  /** Called with the restored copy before it goes. */
  readonly look?: LookAtCopy;
};

/** `liveTurns` are taken for the look at the live database only: a restore must not wait for a rehearsal. */
export async function rehearse(
  context: Context,
  id: string,
  { liveTurns, look }: Rehearsing,
): Promise<Result<Rehearsal>> {
  const live = await context.swap.real(context.config.file);
  if (!live.ok) return live;
  const found = await findBackup(context, live.value, id);
  if (!found.ok) return found;
  const swept = await sweep(context);
  if (!swept.ok) return swept;
  const ms = await restoreBeside(context, live.value, found.value, look);
  if (!ms.ok) return ms;
  const noted = await writeManifest(context, {
    ...found.value,
    rehearsed: { at: context.clock.now(), ms: ms.value },
  });
  if (!noted.ok) return noted;
  const losses = await liveTurns(() => compareToLive(context, live.value, found.value));
  if (losses.ok) return ok({ ms: ms.value, losses: losses.value });
  return ok({ ms: ms.value, losses: [], lossesUnknown: losses.error.what });
}

/** What a crashed rehearsal left. One rehearsal runs at a time, so none of these is in use. */
async function sweep(context: Context): Promise<Result<void>> {
  const names = await context.files.list(context.config.backupDir);
  if (!names.ok) return names;
  for (const name of names.value.filter((one) => one.includes(SCRATCH))) {
    const removed = await context.files.remove(join(context.config.backupDir, name));
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

async function restoreBeside(
  context: Context,
  live: string,
  manifest: Manifest,
  look: Rehearsing["look"],
): Promise<Result<number>> {
  const path = join(context.config.backupDir, `${SCRATCH}${manifest.id}.sqlite`);
  const owner = await context.swap.owner(context.config.backupDir);
  if (!owner.ok) return owner;
  const began = context.clock.elapsed();
  const marks = [{ op: "rehearsal", at: context.clock.now() }];
  const scratch = { ...manifest.owner, ...owner.value?.owner, mode: 0o600 };
  const prepared = await prepare(context, { manifest, live, path, marks, owner: scratch, full: true });
  if (!prepared.ok) return prepared;
  const ms = context.clock.elapsed() - began;
  await look?.((queries) => askSqlite(context.clock, { path, as: "still", queries }), null);
  const removed = await removeDatabase(context, path);
  return removed.ok ? ok(ms) : removed;
}

type Then = Pick<Manifest, "rows" | "digests">;

export async function compareToLive(
  context: Context,
  live: string,
  manifest: Then,
): Promise<Result<readonly Loss[]>> {
  const stat = await context.files.stat(live);
  if (!stat.ok) return stat;
  if (stat.value === null) return ok(lossesOf(manifest, { rows: {}, digests: null }));
  const content = await inspect(context, {
    path: live,
    as: "live",
    check: "none",
    digests: manifest.digests !== null,
  });
  return content.ok ? ok(lossesOf(manifest, content.value)) : content;
}

function lossesOf(manifest: Then, live: Pick<Content, "rows" | "digests">): readonly Loss[] {
  const tables = new Set([...Object.keys(manifest.rows), ...Object.keys(live.rows)]);
  return (
    [...tables]
      .sort()
      // biome-ignore lint/suspicious/noThenProperty: a number, and the word that the port has for it
      .map((table) => ({ table, then: manifest.rows[table] ?? 0, now: live.rows[table] ?? 0 }))
      .filter(({ table, then, now }) => then !== now || (now > 0 && changed(table, manifest, live)))
  );
}

/** Rows can change without their number changing; without digests of both only the number is known. */
function changed(table: string, manifest: Then, live: Pick<Content, "digests">): boolean {
  if (manifest.digests === null || live.digests === null) return false;
  return manifest.digests[table] !== live.digests[table];
}
