// restore: another database takes the live name, and what was there is kept. At most once for an op.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Op } from "../../../../ports/op.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { noteMeasured } from "../copies/measured.ts";
import { passEpoch } from "../epoch.ts";
import { passFenceAt } from "../fence/epoch.ts";
import { takeExchange } from "../fence/lock.ts";
import { holdPooler } from "../fence/pooler.ts";
import { expectStill, obstacles } from "../fence/sessions.ts";
import { keptName } from "../names.ts";
import { inSession } from "../rows.ts";
import { type GivenOut, raiseTo, readSequences } from "../salvage/sequences.ts";
import { atDesk, type Entry, readEntry } from "../swap/entry.ts";
import { calledOff, exchange } from "../swap/exchange.ts";
import { recordAllKept } from "../swap/kept.ts";
import { settleAt } from "../swap/settle.ts";
import { optionsOf, type RestoreOptions } from "./options.ts";
import { sideFor, type Wish } from "./side.ts";

export type Restored = { readonly kept: string };

/** See `Database.restore`. What `prepareRestore` made of the same backup is taken, so that only the exchange is left. */
export function restore(
  context: Context,
  op: Op,
  id: string,
  change: Partial<RestoreOptions> = {},
): Promise<Result<Restored>> {
  const wish = { op, id, options: optionsOf(context, change) };
  return begin(context, wish, async (desk, live) => {
    const before = await whatBecame(context, desk, live, op);
    if (!before.ok) return before;
    if (before.value !== null) return ok(before.value);
    const clear = await obstacles(desk, context.database);
    if (!clear.ok) return clear;
    const side = await sideFor(context, desk, wish, live);
    if (!side.ok) return side;
    return takeName(context, desk, wish, live, side.value);
  });
}

/** Restores beside and verifies, while the app goes on. Convergent; a later restore of the same backup takes it. */
export function prepareRestore(
  context: Context,
  op: Op,
  id: string,
  change: Partial<RestoreOptions> = {},
): Promise<Result<void>> {
  const wish = { op, id, options: optionsOf(context, change) };
  return begin(context, wish, async (desk, live) => {
    const side = await sideFor(context, desk, wish, live);
    return side.ok ? ok(undefined) : side;
  });
}

async function begin<T>(
  context: Context,
  { op, id }: Wish,
  work: (desk: SqlSession, live: Entry | null) => Promise<Result<T>>,
): Promise<Result<T>> {
  if (op.signal.aborted) return calledOff();
  const epoch = await passEpoch(context, op);
  if (!epoch.ok) return epoch;
  return atDesk(context, async (desk) => {
    const locked = await takeExchange(context, desk);
    if (!locked.ok) return locked;
    const fence = await passFenceAt(context, desk, op);
    if (!fence.ok) return fence;
    const settled = await settleAt(context, desk, id);
    if (!settled.ok) return settled;
    const live = await readEntry(desk, context.database);
    return live.ok ? work(desk, live.value) : live;
  });
}

/** Null: this op has not happened. The same op a second time is done, unless something else was restored over it. */
async function whatBecame(
  context: Context,
  desk: SqlSession,
  live: Entry | null,
  op: Op,
): Promise<Result<Restored | null>> {
  const applied = live?.mark?.applied ?? [];
  const kept = await readEntry(desk, keptName(context.database, op.id));
  if (!kept.ok) return kept;
  if (applied.at(-1) === op.id) return ok({ kept: kept.value === null ? "" : `before-${op.id}` });
  if (applied.includes(op.id))
    return problem(
      "conflict",
      `${op.id} was restored before, and ${applied.at(-1)} after it`,
      "look at the restores: lastgood history; start a new restore if this one is wanted again",
      context.database,
    );
  if (kept.value === null) return ok(null);
  return problem(
    "conflict",
    `${kept.value.name} exists: ${op.id} replaced the database before, and it no longer says so`,
    "start a new restore",
    context.database,
  );
}

async function takeName(
  context: Context,
  desk: SqlSession,
  { op, options }: Wish,
  live: Entry | null,
  side: Entry,
): Promise<Result<Restored>> {
  const clear = await obstacles(desk, context.database);
  if (!clear.ok) return clear;
  if (options.sessions === "refuse") {
    const still = await expectStill(context, desk);
    if (!still.ok) return still;
  }
  const letGo = await holdPooler(context, options);
  if (!letGo.ok) return letGo;
  const given = live === null ? null : await numbersOf(context);
  const began = context.clock.elapsed();
  const done = await exchange(context, desk, { op, live, side });
  const exchangeMs = Math.round(context.clock.elapsed() - began);
  await letGo.value();
  const known = done.ok ? done : await didHappen(context, op, done);
  if (!known.ok) return known;
  if (given !== null) await goOnCounting(context, given);
  if (done.ok) await noteMeasured(context, { exchangeMs });
  await recordAllKept(context, desk); // the exchange is done: what could not be listed now is by the next call
  return ok({ kept: live === null ? "" : `before-${op.id}` });
}

/** What the sequences of the database that is replaced had given out; null where they can't be read. */
async function numbersOf(context: Context): Promise<GivenOut | null> {
  const read = await inSession(context.admin, context.database, readSequences);
  return read.ok ? read.value : null;
}

/**
 * No number is given out a second time: somebody was told that his order is 1001, and when the newer rows are brought
 * along, another order of that number would stand in their way. It can't fail a restore: salvage shows what conflicts.
 */
async function goOnCounting(context: Context, given: GivenOut): Promise<void> {
  await inSession(context.admin, context.database, (session) => raiseTo(session, given));
}

/** The answer to a commit can be lost with the connection: the target knows. */
async function didHappen(context: Context, op: Op, failed: Result<void>): Promise<Result<void>> {
  const live = await atDesk(context, (fresh) => readEntry(fresh, context.database));
  return live.ok && live.value?.mark?.applied.at(-1) === op.id ? ok(undefined) : failed;
}
