// rehearse: really restore a backup into a scratch database of the same server, measure it, and tell what it would cost.
import { ok, type Result } from "../../../core/result.ts";
import type { LookAtCopy, Loss, Rehearsal } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import { askIn } from "./ask.ts";
import type { Context } from "./context.ts";
import { copyPlace, letIn } from "./copy-place.ts";
import { type Manifest, type TableFacts, tableName } from "./manifest.ts";
import { load } from "./restore/load.ts";
import { optionsOf } from "./restore/options.ts";
import { refuseEarly } from "./restore/refuse.ts";
import { sourceOf } from "./restore/source.ts";
import { inSession } from "./rows.ts";
import { withScratch } from "./scratch.ts";
import { findManifest, readManifest, writeManifest } from "./store.ts";
import { atDesk } from "./swap/entry.ts";
import { withKept } from "./swap/kept.ts";
import { tableFacts } from "./tables.ts";
import { verifyRestored } from "./verify-restored.ts";

type Look = LookAtCopy | undefined;

export async function rehearse(context: Context, id: string, look: Look): Promise<Result<Rehearsal>> {
  const manifest = await findManifest(context, id);
  if (!manifest.ok) return manifest;
  const ms =
    manifest.value.place.kind === "database"
      ? await lookAtKept(context, manifest.value.place.name, look)
      : await atDesk(context, (desk) => restoreToScratch(context, desk, manifest.value, look));
  if (!ms.ok) return ms;
  const noted = await note(context, id, ms.value);
  if (!noted.ok) return noted;
  const losses = await compareToLive(context, manifest.value);
  if (losses.ok) return ok({ ms: ms.value, losses: losses.value });
  return ok({ ms: ms.value, losses: [], lossesUnknown: losses.error.what });
}

/** Into the manifest as it is now: it may have been written, or dropped, while the drill went on. */
async function note(context: Context, id: string, ms: number): Promise<Result<void>> {
  const now = await readManifest(context, id);
  if (!now.ok || now.value === null) return now.ok ? ok(undefined) : now;
  return writeManifest(context, { ...now.value, rehearsed: { at: context.clock.now(), ms } });
}

/** It needs no restore: it takes the name as it is. So the drill is that all of it can be read. */
function lookAtKept(context: Context, name: string, look: Look): Promise<Result<number>> {
  const began = context.clock.elapsed();
  return withKept(context, name, async (session) => {
    const read = await tableFacts(session);
    if (!read.ok) return read;
    const ms = context.clock.elapsed() - began;
    // It is the way back from a restore: nobody may write there.
    await look?.(askIn(session), null);
    return ok(ms);
  });
}

async function restoreToScratch(
  context: Context,
  desk: SqlSession,
  manifest: Manifest,
  look: Look,
): Promise<Result<number>> {
  const early = await refuseEarly(context, desk, manifest, null);
  if (!early.ok) return early;
  return withScratch(context, desk, { purpose: "drill", facts: manifest.database }, async (name, began) => {
    const made = await fillAndVerify(context, desk, manifest, name);
    if (!made.ok) return made;
    const ms = context.clock.elapsed() - began;
    if (look) {
      // As the app's role, as on the live database: queries pass through what that role made there, and an admin may do
      // more. Where the live database is gone and nobody can say who that is, it is the admin.
      const known = await letIn(context, desk, name);
      const client = known.ok ? context.app : context.admin;
      const place = copyPlace(context, desk, name);
      await look((queries) => inSession(client, name, (session) => askIn(session)(queries)), place);
    }
    return ok(ms);
  });
}

async function fillAndVerify(
  context: Context,
  desk: SqlSession,
  manifest: Manifest,
  name: string,
): Promise<Result<void>> {
  const source = sourceOf(context, manifest);
  const op: Op = { id: "drill", epoch: 0, signal: new AbortController().signal };
  const options = optionsOf(context);
  const bytes = manifest.database.sizeBytes;
  const filled = await source.fill((from) => load(context, desk, { op, into: name, from, options, bytes }));
  return filled.ok ? verifyRestored(context, name, source, options, op) : filled;
}

export async function compareToLive(
  context: Context,
  { tables }: Pick<Manifest, "tables">,
): Promise<Result<readonly Loss[]>> {
  const hashed = tables.some((table) => table.hash !== null);
  const live = await inSession(context.admin, context.database, (session) =>
    tableFacts(session, hashed ? "hashes" : "counts"),
  );
  return live.ok ? ok(lossesOf(tables, live.value)) : live;
}

function lossesOf(before: readonly TableFacts[], live: readonly TableFacts[]): readonly Loss[] {
  const [was, is] = [byName(before), byName(live)];
  return (
    [...new Set([...was.keys(), ...is.keys()])]
      .sort()
      .filter((table) => differs(was.get(table), is.get(table)))
      // biome-ignore lint/suspicious/noThenProperty: a number, and the word that the port has for it
      .map((table) => ({ table, then: was.get(table)?.rows ?? 0, now: is.get(table)?.rows ?? 0 }))
  );
}

/** Rows can change without their number changing; without hashes of both only the number is known. */
function differs(was: TableFacts | undefined, is: TableFacts | undefined): boolean {
  if ((was?.rows ?? 0) !== (is?.rows ?? 0)) return true;
  return was?.hash != null && is?.hash != null && was.hash !== is.hash;
}

function byName(tables: readonly TableFacts[]): Map<string, TableFacts> {
  return new Map(tables.map((table) => [tableName(table), table]));
}
