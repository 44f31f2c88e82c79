// Template copies of this database: their names are noted before they are made, so that a crash leaves none that nobody knows.
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../../../core/json.ts";
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { quoteName } from "../names.ts";
import { type Entry, markedEntries, readEntry } from "../swap/entry.ts";
import { dropSide } from "../swap/settle.ts";

const NOTE = /^\.point-(.+)\.json$/;
const noteSchema = z.object({ name: z.string().min(1) });

export type Copy = Entry & { readonly point: NonNullable<NonNullable<Entry["mark"]>["point"]> };

/** Those that are whole, newest first. */
export async function copiesThere(context: Context, desk: SqlSession): Promise<Result<readonly Copy[]>> {
  const marked = await markedEntries(desk);
  if (!marked.ok) return marked;
  const found = marked.value.flatMap((entry) =>
    entry.mark?.point?.of === context.database ? [{ ...entry, point: entry.mark.point }] : [],
  );
  return ok(found.sort((a, b) => b.point.at - a.point.at));
}

export function noteCopy(context: Context, op: string, name: string): Promise<Result<void>> {
  return context.files.replace(path(context, op), JSON.stringify({ name }), 0o600);
}

/** After the copy carries its mark, or is gone. */
export function forgetNote(context: Context, op: string): Promise<Result<void>> {
  return context.files.remove(path(context, op));
}

/** Needs the lock. Drops what a dead controller, or a dead server, left half made. */
export async function settleCopies(context: Context, desk: SqlSession): Promise<Result<void>> {
  const listed = await context.files.list(context.config.backupDir);
  if (!listed.ok) return listed;
  for (const file of listed.value) {
    const [, op] = NOTE.exec(file) ?? [];
    if (op === undefined) continue;
    const done = await settleOne(context, desk, op);
    if (!done.ok) return done;
  }
  return shutAll(context, desk);
}

/** Open ones are of a backup whose controller died while it read them. */
async function shutAll(context: Context, desk: SqlSession): Promise<Result<void>> {
  const there = await copiesThere(context, desk);
  if (!there.ok) return there;
  for (const { name } of there.value.filter((copy) => copy.allowsConnections)) {
    const closed = await desk.query(`ALTER DATABASE ${quoteName(name)} ALLOW_CONNECTIONS false`);
    if (!closed.ok) return closed;
  }
  return ok(undefined);
}

/** A copy without its mark is not whole. */
async function settleOne(context: Context, desk: SqlSession, op: string): Promise<Result<void>> {
  const read = await context.files.read(path(context, op));
  if (!read.ok) return read;
  const note = noteSchema.safeParse(parseJson(read.value.toString("utf8")));
  const entry = note.success ? await readEntry(desk, note.data.name) : ok(null);
  if (!entry.ok) return entry;
  const isHalf = entry.value !== null && entry.value.mark?.point?.op !== op;
  const dropped = isHalf && entry.value ? await dropSide(desk, entry.value.name) : ok(undefined);
  return dropped.ok ? forgetNote(context, op) : dropped;
}

function path({ config }: Context, op: string): string {
  return join(config.backupDir, `.point-${op}.json`);
}
