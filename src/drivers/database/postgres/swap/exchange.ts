// The exchange: fence, end sessions, then both names and the marker in one transaction. The order is the promise.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Op } from "../../../../ports/op.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { refuseOld } from "../fence/epoch.ts";
import { epochLock } from "../fence/lock.ts";
import { endSessions } from "../fence/sessions.ts";
import { keptName, quoteName, quoteText } from "../names.ts";
import { atDesk, type Entry, inOneTransaction, readEntry } from "./entry.ts";
import { freshMark, type Mark, writeComment } from "./marker.ts";

/** Somebody who slipped in before the fence, or a worker of the server, is ended once more. */
const TRIES = 3;
const OBJECT_IN_USE = "55006";

export type Exchange = {
  readonly op: Op;
  /** Null where there is none: then the side only takes the name. */
  readonly live: Entry | null;
  /** Whole, verified, with its own rights: what takes the name. */
  readonly side: Entry;
};

/** Needs the lock of exchanges. After a failure the live database is as it was, or `settle` makes it so. */
export async function exchange(
  context: Context,
  session: SqlSession,
  wanted: Exchange,
): Promise<Result<void>> {
  const fenced = await fence(context, session, wanted);
  const done = fenced.ok ? await swap(context, session, wanted) : fenced;
  if (!done.ok) await unfence(context, session, wanted.live); // what fails now is done by whoever looks next
  return done;
}

async function fence(context: Context, session: SqlSession, wanted: Exchange): Promise<Result<void>> {
  const { op, live, side } = wanted;
  const shut = (name: string) => `ALTER DATABASE ${quoteName(name)} ALLOW_CONNECTIONS false`;
  const statements = [shut(side.name)];
  if (live !== null) {
    const mark = { ...markOf(live, op), fencing: { op: op.id, side: side.oid } };
    statements.push(shut(live.name), comment(live.name, live.own, mark));
  }
  return underLock(context, session, wanted, statements);
}

async function swap(context: Context, session: SqlSession, wanted: Exchange): Promise<Result<void>> {
  const names = [wanted.side.name, ...(wanted.live === null ? [] : [wanted.live.name])];
  for (let left = TRIES; ; left--) {
    const empty = await endSessions(context, session, names);
    if (!empty.ok) return empty;
    if (wanted.op.signal.aborted) return calledOff(); // the last moment: from here on it is all-new
    const done = await underLock(context, session, wanted, statementsOf(context, wanted));
    if (done.ok) return done;
    if (!isInUse(done.error) || left === 1) return done;
  }
}

function underLock(
  context: Context,
  session: SqlSession,
  wanted: Exchange,
  statements: readonly string[],
): Promise<Result<void>> {
  const check = () => stillSame(context, session, wanted);
  return inOneTransaction(session, epochLock(context), check, statements);
}

/** The lock keeps other restores out; nothing keeps a person out, or a newer controller that raised the epoch. */
async function stillSame(context: Context, session: SqlSession, wanted: Exchange): Promise<Result<void>> {
  const { op, live, side } = wanted;
  const [now, beside] = [
    await readEntry(session, context.database),
    await readEntry(session, side.name),
  ] as const;
  if (!now.ok) return now;
  if (!beside.ok) return beside;
  if (now.value?.oid !== live?.oid || beside.value?.oid !== side.oid)
    return problem(
      "conflict",
      `${context.database} or ${side.name} is another database than a moment ago`,
      "find out who renamed or made databases on this server, then run again",
      context.database,
    );
  return now.value === null ? ok(undefined) : refuseOld(context, now.value, op);
}

function statementsOf(context: Context, { op, live, side }: Exchange): readonly string[] {
  const { database, clock } = context;
  const before = live === null ? null : markOf(live, op);
  const epoch = before?.epoch ?? op.epoch;
  const applied = [...(before?.applied ?? []), op.id];
  const out: string[] = [];
  if (live !== null && before !== null) {
    const kept = keptName(database, op.id);
    const mark: Mark = {
      ...before,
      kept: { op: op.id, of: database, at: clock.now(), readOnly: live.readOnly },
    };
    out.push(
      `ALTER DATABASE ${quoteName(live.name)} RENAME TO ${quoteName(kept)}`,
      `ALTER DATABASE ${quoteName(kept)} SET default_transaction_read_only = on`,
      comment(kept, live.own, mark),
    );
  }
  out.push(`ALTER DATABASE ${quoteName(side.name)} RENAME TO ${quoteName(database)}`);
  if (side.mark?.kept) out.push(writable(database, side.mark.kept.readOnly));
  out.push(
    comment(database, side.own, { oid: side.oid, epoch, applied }),
    `ALTER DATABASE ${quoteName(database)} ALLOW_CONNECTIONS ${live?.allowsConnections ?? true}`,
  );
  return out;
}

function writable(database: string, before: string | null): string {
  const what = before === null ? "RESET default_transaction_read_only" : setReadOnly(before);
  return `ALTER DATABASE ${quoteName(database)} ${what}`;
}

function setReadOnly(value: string): string {
  return `SET default_transaction_read_only = ${quoteText(value)}`;
}

/** Lets clients in again and forgets the fence. Where the session is lost, a new one is tried once. */
async function unfence(context: Context, session: SqlSession, live: Entry | null): Promise<Result<void>> {
  if (live === null) return ok(undefined);
  const done = await letIn(context, session);
  return done.ok ? done : atDesk(context, (fresh) => letIn(context, fresh));
}

/** Only a fence of ours is taken away: a database that its people closed stays closed. */
export async function letIn(context: Context, session: SqlSession): Promise<Result<void>> {
  const now = await readEntry(session, context.database);
  if (!now.ok) return now;
  if (now.value === null || !now.value.mark?.fencing) return ok(undefined);
  const { fencing: _, ...mark } = now.value.mark;
  const check = async (): Promise<Result<void>> => {
    const again = await readEntry(session, context.database);
    if (!again.ok) return again;
    return again.value?.mark?.fencing?.op === now.value?.mark?.fencing?.op
      ? ok(undefined)
      : changedMeanwhile();
  };
  const statements = [
    `ALTER DATABASE ${quoteName(context.database)} ALLOW_CONNECTIONS true`,
    comment(context.database, now.value.own, mark),
  ];
  return inOneTransaction(session, epochLock(context), check, statements);
}

function markOf(live: Entry, op: Op): Mark {
  const {
    fencing: _,
    kept: _kept,
    prepared: _prepared,
    ...mark
  } = live.mark ?? freshMark(live.oid, op.epoch);
  return { ...mark, epoch: Math.max(mark.epoch, op.epoch) };
}

function comment(name: string, own: string | null, mark: Mark): string {
  return `COMMENT ON DATABASE ${quoteName(name)} IS ${quoteText(writeComment(own, mark))}`;
}

function isInUse(error: { readonly code: string }): boolean {
  return "sqlState" in error && error.sqlState === OBJECT_IN_USE;
}

function changedMeanwhile(): Result<never> {
  return problem("conflict", "the fence was changed by somebody else meanwhile", "run again");
}

export function calledOff(): Result<never> {
  return problem(
    "cancelled",
    "called off before the database was changed",
    "run again if it is still wanted",
  );
}
