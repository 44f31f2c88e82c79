// Databases that restores replaced take room: beyond as many as are to be kept, the oldest go.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { manifestPath } from "../store.ts";
import { type Entry, markedEntries } from "./entry.ts";
import { dropSide } from "./settle.ts";

/** Needs the lock of exchanges. `spare` is the id of one that is about to be used. */
export async function expireKept(context: Context, desk: SqlSession, spare: string): Promise<Result<void>> {
  const marked = await markedEntries(desk);
  if (!marked.ok) return marked;
  const kept = marked.value
    .flatMap((entry) => (entry.mark?.kept?.of === context.database ? [{ entry, ...entry.mark.kept }] : []))
    .sort((a, b) => b.at - a.at);
  for (const { entry, op } of kept.slice(context.config.keep)) {
    if (`before-${op}` === spare) continue;
    const gone = await drop(context, desk, entry, op);
    if (!gone.ok) return gone;
  }
  return ok(undefined);
}

/** The database first: of the two that a crash can leave alone, a manifest takes no room. */
async function drop(context: Context, desk: SqlSession, entry: Entry, op: string): Promise<Result<void>> {
  const dropped = await dropSide(desk, entry.name);
  return dropped.ok ? context.files.remove(manifestPath(context, `before-${op}`)) : dropped;
}
