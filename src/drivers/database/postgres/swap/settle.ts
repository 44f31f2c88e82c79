// What a dead controller left: a fence without an exchange is taken away, half a restore is dropped, a kept database shut.
import { join } from "node:path";
import { z } from "zod";
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { takeExchange, tryExchange } from "../fence/lock.ts";
import { letPoolerGo, poolerWaits } from "../fence/pooler.ts";
import { quoteName } from "../names.ts";
import { atDesk, type Entry, readEntry } from "./entry.ts";
import { letIn } from "./exchange.ts";
import { recordAllKept } from "./kept.ts";

const NOTE = /^\.restore-(.+)\.json$/;
/** What was prepared and not taken for this long is of a run that is over. */
const PREPARED_MS = 24 * 60 * 60_000;
const noteSchema = z.object({ name: z.string().min(1) });

/** Brings what a crash left to all-old or all-new. The second time there is nothing to do. */
export function settle(context: Context): Promise<Result<void>> {
  return atDesk(context, async (session) => {
    const locked = await takeExchange(context, session);
    return locked.ok ? settleAt(context, session, null) : locked;
  });
}

/**
 * For those who only look: takes away a fence whose owner is dead, because it locks everybody out and maybe nobody
 * else comes. Whoever still works on an exchange has the lock, and then nothing is done.
 */
export async function openStaleFence(context: Context, session: SqlSession): Promise<Result<void>> {
  const live = await readEntry(session, context.database);
  if (!live.ok) return live;
  const waits = await poolerWaits(context);
  if (!waits.ok) return waits;
  if (!live.value?.mark?.fencing && !waits.value) return ok(undefined);
  const taken = await tryExchange(context, session);
  if (!taken.ok) return taken;
  if (!taken.value) return ok(undefined);
  const open = await letIn(context, session);
  return open.ok ? letPoolerGo(context) : open;
}

/** Needs the lock. `keep`: the backup whose prepared database is about to be taken. */
export async function settleAt(
  context: Context,
  session: SqlSession,
  keep: string | null,
): Promise<Result<void>> {
  const open = await letIn(context, session);
  if (!open.ok) return open;
  const resumed = await letPoolerGo(context);
  if (!resumed.ok) return resumed;
  const notes = await context.files.list(context.config.backupDir);
  if (!notes.ok) return notes;
  for (const file of notes.value.filter((one) => NOTE.test(one))) {
    const done = await settleNote(context, session, join(context.config.backupDir, file), keep);
    if (!done.ok) return done;
  }
  return recordAllKept(context, session);
}

/** Before a database is made for a restore: its name, so that a crash leaves nothing that nobody knows. */
export function noteSide(context: Context, op: string, name: string): Promise<Result<void>> {
  return context.files.replace(notePath(context, op), JSON.stringify({ name }), 0o600);
}

export function notePath(context: Context, op: string): string {
  return join(context.config.backupDir, `.restore-${op}.json`);
}

async function settleNote(
  context: Context,
  session: SqlSession,
  path: string,
  keep: string | null,
): Promise<Result<void>> {
  const read = await context.files.read(path);
  if (!read.ok) return read;
  const name = nameIn(read.value.toString("utf8"));
  const side = name === null ? ok(null) : await readEntry(session, name);
  if (!side.ok) return side;
  if (side.value !== null && isWanted(context, side.value, keep)) return ok(undefined);
  if (side.value !== null) {
    const dropped = await dropSide(session, side.value.name);
    if (!dropped.ok) return dropped;
  }
  return context.files.remove(path);
}

function isWanted({ clock }: Context, { mark }: Entry, keep: string | null): boolean {
  const prepared = mark?.prepared;
  if (!prepared) return false;
  return prepared.backup === keep || (keep === null && clock.now() - prepared.at < PREPARED_MS);
}

/** With whoever is in it: a program of a dead controller may still fill it. */
export async function dropSide(session: SqlSession, name: string): Promise<Result<void>> {
  const dropped = await session.query(`DROP DATABASE IF EXISTS ${quoteName(name)} WITH (FORCE)`);
  return dropped.ok ? ok(undefined) : dropped;
}

function nameIn(text: string): string | null {
  try {
    const read = noteSchema.safeParse(JSON.parse(text));
    return read.success ? read.data.name : null;
  } catch {
    return null;
  }
}
