// The highest epoch that changed this database, kept in its comment: a lower one is refused.
import { assert, ok, problem, type Result } from "../../../../core/result.ts";
import type { Op } from "../../../../ports/op.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { quoteName, quoteText } from "../names.ts";
import { atDesk, type Entry, readEntry } from "../swap/entry.ts";
import { freshMark, writeComment } from "../swap/marker.ts";
import { epochLock } from "./lock.ts";

/**
 * `fenced` for an epoch lower than one that was seen; otherwise it is remembered. Of a database that is gone nobody
 * knows: then every epoch passes.
 */
export async function passFence(context: Context, op: Op): Promise<Result<void>> {
  return atDesk(context, (session) => passFenceAt(context, session, op));
}

export async function passFenceAt(context: Context, session: SqlSession, op: Op): Promise<Result<void>> {
  assert(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(op.id), `op ${op.id} can't be part of a name`);
  const seen = await readEntry(session, context.database);
  if (!seen.ok) return seen;
  if (seen.value === null || seen.value.mark?.epoch === op.epoch) return ok(undefined);
  const begun = await session.query(`BEGIN; ${epochLock(context)}`);
  if (!begun.ok) return begun;
  const passed = await raise(context, session, op);
  const ended = await session.query(passed.ok ? "COMMIT" : "ROLLBACK");
  return passed.ok && !ended.ok ? ended : passed;
}

/** In a transaction that has the lock, so that what is read is what is replaced. */
async function raise(context: Context, session: SqlSession, op: Op): Promise<Result<void>> {
  const now = await readEntry(session, context.database);
  if (!now.ok) return now;
  if (now.value === null) return ok(undefined);
  const { mark, own, oid } = now.value;
  const over = refuseOld(context, now.value, op);
  if (!over.ok || mark?.epoch === op.epoch) return over;
  const comment = writeComment(own, { ...(mark ?? freshMark(oid, op.epoch)), epoch: op.epoch });
  const written = await session.query(
    `COMMENT ON DATABASE ${quoteName(context.database)} IS ${quoteText(comment)}`,
  );
  return written.ok ? ok(undefined) : written;
}

export function refuseOld(context: Context, { mark }: Entry, op: Op): Result<void> {
  if (mark === null || mark.epoch <= op.epoch) return ok(undefined);
  return problem(
    "fenced",
    `epoch ${op.epoch} is over: the database has seen epoch ${mark.epoch}`,
    "another controller took over; stop this one",
    context.database,
  );
}
