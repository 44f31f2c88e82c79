// A database as it was at a moment, out of the whole server's archive, becomes a backup like any other.
import { join } from "node:path";
import { sha256 } from "../../../core/digest.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { AskSql } from "../../../ports/ask-sql.ts";
import type { Backup, Rehearsal } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import type { Moment } from "../../../ports/point-in-time.ts";
import { askIn } from "../postgres/ask.ts";
import { alreadyWhole, fileSafe, TEMP } from "../postgres/back-up.ts";
import { compareToLive } from "../postgres/drill.ts";
import { passEpoch } from "../postgres/epoch.ts";
import { databaseFacts } from "../postgres/facts.ts";
import { makeDump } from "../postgres/make-dump.ts";
import type { Manifest } from "../postgres/manifest.ts";
import { inSession } from "../postgres/rows.ts";
import { backupOf, listManifests } from "../postgres/store.ts";
import { tableFacts } from "../postgres/tables.ts";
import type { Archive } from "./archive.ts";
import { findTarget, type Target } from "./moment.ts";
import { type ScratchServer, withScratchServer } from "./scratch-server.ts";

const FORMAT = "pgbackrest";

/** The live server goes on, and its folder is not touched. */
export async function recall(archive: Archive, op: Op, moment: Moment): Promise<Result<Backup>> {
  const passed = await passEpoch(archive.context, op);
  if (!passed.ok) return passed;
  const target = await findTarget(archive, moment);
  return target.ok ? recallTarget(archive, op, target.value) : target;
}

export async function recallTarget(archive: Archive, op: Op, target: Target): Promise<Result<Backup>> {
  const before = await recalledBefore(archive, target);
  if (!before.ok) return before;
  if (before.value !== null) return ok(backupOf(before.value));
  const made = await withScratchServer(archive, "recall", target, op.signal, (server) =>
    dumpFrom(archive, op, target, server),
  );
  return made.ok ? ok(backupOf(made.value)) : made;
}

/** The past does not change: whoever asks for the plan first and then for the restore waits once. */
async function recalledBefore({ context }: Archive, target: Target): Promise<Result<Manifest | null>> {
  const all = await listManifests(context);
  if (!all.ok) return all;
  const format = target.clone?.format ?? FORMAT;
  const same = all.value.find(({ origin }) => origin?.format === format && origin.path === target.words);
  return same ? alreadyWhole(context, same.id) : ok(null);
}

function dumpFrom(
  { context, config }: Archive,
  op: Op,
  target: Target,
  { context: scratch, openSince }: ScratchServer,
): Promise<Result<Manifest>> {
  const id = `${fileSafe(`at-${target.point ?? target.words}`)}-${op.id}`;
  const temp = join(context.config.backupDir, `${id}${TEMP}`);
  const from = context.database;
  const origin = {
    path: target.words,
    sha256: sha256(`${target.set.id} ${target.words}`),
    format: target.clone?.format ?? FORMAT,
  };
  return inSession(scratch.admin, from, async (session) => {
    const of = await databaseFacts(session, from);
    if (!of.ok) return of;
    const { way, why } = target.clone ?? {
      way: "point in time",
      why: `the stanza ${config.stanza} was replayed up to it from ${target.set.id}`,
    };
    const amend = (manifest: Manifest): Manifest => ({
      ...asOfThen(manifest, target, openSince),
      ladder: [{ way, chosen: true, why }],
    });
    return makeDump(scratch, op, session, { id, temp, from, of: of.value, origin, amend });
  });
}

/**
 * The copy is a server of its own by now, in which nobody writes. What counts is who was writing when the moment came:
 * all that began with the oldest of them is looked at as if it were written since.
 */
function asOfThen(manifest: Manifest, { at, point }: Target, openSince: string | null): Manifest {
  const { s0, ...others } = manifest.snapshot;
  const own = s0.split(":")[0] ?? "";
  const inexact =
    openSince === null
      ? "who was writing at that moment could not be told"
      : openSince === own
        ? null
        : "some were open at that moment of the past";
  const oldest = openSince ?? own;
  return {
    ...manifest,
    at,
    snapshot: { ...others, s0: `${oldest}:${oldest}:`, inexact },
    position: { ...manifest.position, restorePoint: point },
  };
}

/** All rows are read, so that every page of the database is. */
export async function rehearseMoment(
  archive: Archive,
  moment: Moment | null,
  look?: (copy: AskSql) => Promise<void>,
): Promise<Result<Rehearsal & { readonly moment: string }>> {
  const target = await findTarget(archive, moment);
  return target.ok ? rehearseTarget(archive, target.value, look) : target;
}

export async function rehearseTarget(
  archive: Archive,
  target: Target,
  look?: (copy: AskSql) => Promise<void>,
): Promise<Result<Rehearsal & { readonly moment: string }>> {
  const { clock, database } = archive.context;
  const began = clock.elapsed();
  const { signal } = new AbortController();
  const read = await withScratchServer(archive, "drill", target, signal, async ({ context }) => {
    const tables = await inSession(context.admin, database, (session) => tableFacts(session));
    if (!tables.ok) return tables;
    const ms = clock.elapsed() - began;
    const looked = await inSession(context.admin, database, async (session) =>
      ok(await look?.(askIn(session))),
    );
    return looked.ok ? ok({ ms, tables: [...tables.value] }) : looked;
  });
  if (!read.ok) return read;
  const { ms, tables } = read.value;
  const losses = await compareToLive(archive.context, { tables });
  const about = { ms, moment: target.words };
  if (losses.ok) return ok({ ...about, losses: losses.value });
  return ok({ ...about, losses: [], lossesUnknown: losses.error.what });
}
