// Restores a backup beside the live database, which goes on: a whole and verified database under a name of its own.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Op } from "../../../../ports/op.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { quoteName, quoteText, restoreName } from "../names.ts";
import { applyProperties, type Properties } from "../properties/apply.ts";
import { type Entry, markedEntries, readEntry } from "../swap/entry.ts";
import { calledOff } from "../swap/exchange.ts";
import { freshMark, writeComment } from "../swap/marker.ts";
import { dropSide, notePath, noteSide } from "../swap/settle.ts";
import { verifyRestored } from "../verify-restored.ts";
import { createSide } from "./create.ts";
import { load } from "./load.ts";
import type { RestoreOptions } from "./options.ts";
import type { Source } from "./source.ts";

export type Wanted = {
  readonly op: Op;
  readonly source: Source;
  /** Of the live database; null where there is none. */
  readonly now: Properties | null;
  readonly options: RestoreOptions;
};

/** Needs the lock. What was prepared from this very backup before is taken; of half a restore nothing stays. */
export async function prepareSide(
  context: Context,
  session: SqlSession,
  wanted: Wanted,
): Promise<Result<Entry>> {
  const ready = await findPrepared(session, wanted.source);
  if (!ready.ok) return ready;
  if (ready.value !== null) return ok(ready.value);
  const name = restoreName(context.database, wanted.op.id);
  const taken = await readEntry(session, name);
  if (!taken.ok) return taken;
  if (taken.value !== null)
    return problem("conflict", `the server has a database ${name} already`, `rename or drop it`, name);
  const noted = await noteSide(context, wanted.op.id, name);
  if (!noted.ok) return noted;
  const made = await make(context, session, name, wanted);
  if (made.ok) return made;
  // The reason is what the caller needs: what can't be dropped now is by the next call, which finds the note.
  const dropped = await dropSide(session, name);
  if (dropped.ok) await context.files.remove(notePath(context, wanted.op.id));
  return made;
}

async function findPrepared(session: SqlSession, source: Source): Promise<Result<Entry | null>> {
  const marked = await markedEntries(session);
  if (!marked.ok) return marked;
  const same = marked.value.find(
    // A template copy that came this far was refused: somebody changed it since it was prepared.
    ({ mark }) => !mark?.point && mark?.prepared?.backup === source.id && mark.prepared.of === source.sha256,
  );
  return ok(same ?? null);
}

async function make(
  context: Context,
  session: SqlSession,
  name: string,
  { op, source, now, options }: Wanted,
): Promise<Result<Entry>> {
  const created = await createSide(session, name, source.database);
  if (!created.ok) return created;
  const bytes = source.database.sizeBytes;
  const filled = await source.fill((from) =>
    load(context, session, { op, into: name, from, options, bytes }),
  );
  if (!filled.ok) return filled;
  const verified = await verifyRestored(context, name, source, options, op);
  if (!verified.ok) return verified;
  if (op.signal.aborted) return calledOff();
  const given = await applyProperties(session, name, source.database, now);
  if (!given.ok) return given;
  return markPrepared(context, session, name, op, source);
}

/** Last: a side without this mark is not whole. */
async function markPrepared(
  context: Context,
  session: SqlSession,
  name: string,
  op: Op,
  source: Source,
): Promise<Result<Entry>> {
  const made = await readEntry(session, name);
  if (!made.ok) return made;
  if (made.value === null) return problem("conflict", `${name} went away meanwhile`, "run again", name);
  const { oid } = made.value;
  const prepared = { op: op.id, backup: source.id, of: source.sha256, at: context.clock.now() };
  const comment = writeComment(source.database.comment, { ...freshMark(oid, op.epoch), prepared });
  const written = await session.query(`COMMENT ON DATABASE ${quoteName(name)} IS ${quoteText(comment)}`);
  if (!written.ok) return written;
  const marked = await readEntry(session, name);
  if (!marked.ok) return marked;
  return marked.value === null
    ? problem("conflict", `${name} went away meanwhile`, "run again", name)
    : ok(marked.value);
}
