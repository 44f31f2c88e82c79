// Takes a template copy while requests wait. Bounded by the server itself: past its time nothing of it stays.
import { size, span } from "../../../../core/doctor/look.ts";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Copied } from "../../../../ports/database.ts";
import type { Op } from "../../../../ports/op.ts";
import type { SqlResult, SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { passEpoch } from "../epoch.ts";
import { passFenceAt } from "../fence/epoch.ts";
import { takeExchange } from "../fence/lock.ts";
import { pointName, quoteName, quoteText } from "../names.ts";
import { oneValue, rowsOf } from "../rows.ts";
import { atDesk, type Entry, readEntry } from "../swap/entry.ts";
import { calledOff } from "../swap/exchange.ts";
import { freshMark, type Mark, writeComment } from "../swap/marker.ts";
import { dropSide } from "../swap/settle.ts";
import { copyBeside, shut } from "./beside.ts";
import { dropOrphans } from "./expire.ts";
import { endIdle, whoIsInside } from "./inside.ts";
import { lookAtTemplate } from "./look.ts";
import { noteMeasured } from "./measured.ts";
import { copiesThere, forgetNote, noteCopy, settleCopies } from "./notes.ts";

/** Requests wait: whoever works in the database may end by himself for this long, and then there is no copy. */
const AT_WORK_MS = 1_000;
const LOOK_EVERY_MS = 5;
const LOCK_MS = 1_000;
const [IN_USE, QUERY_CANCELED] = ["55006", "57014"];

/** See `TemplateCopies.take`. */
export async function takeCopy(context: Context, op: Op): Promise<Result<Copied>> {
  if (op.signal.aborted) return calledOff();
  const epoch = await passEpoch(context, op);
  if (!epoch.ok) return epoch;
  return atDesk(context, async (desk) => {
    const locked = await takeExchange(context, desk, LOCK_MS);
    if (!locked.ok) return locked;
    const fence = await passFenceAt(context, desk, op);
    if (!fence.ok) return fence;
    const settled = await settleCopies(context, desk);
    if (!settled.ok) return settled;
    const there = await copiesThere(context, desk);
    if (!there.ok) return there;
    const before = there.value.find(({ point }) => point.op === op.id);
    if (before) return ok({ copy: before.name, why: `taken in ${span(before.point.ms)}` });
    const orphans = await dropOrphans(context, desk);
    if (!orphans.ok) return orphans;
    const looked = await lookAtTemplate(context, desk);
    if (!looked.ok) return looked;
    const { rung, bytes } = looked.value;
    if (!rung.chosen) return ok({ copy: null, why: rung.why });
    return atDesk(context, (beside) => take(context, op, { desk, beside, bytes }));
  });
}

type Desks = {
  /** Its CREATE DATABASE lasts; the other one clears the way for it. */
  readonly desk: SqlSession;
  readonly beside: SqlSession;
  readonly bytes: number;
};

async function take(context: Context, op: Op, desks: Desks): Promise<Result<Copied>> {
  const { desk, bytes } = desks;
  const live = await readEntry(desk, context.database);
  if (!live.ok) return live;
  if (live.value === null)
    return problem("missing", `the server has no database ${context.database}`, "check the name in the URL");
  const name = pointName(context.database, op.id);
  const taken = await readEntry(desk, name);
  if (!taken.ok) return taken;
  if (taken.value !== null)
    return problem("conflict", `the server has a database ${name} already`, "rename or drop it", name);
  const noted = await noteCopy(context, op.id, name);
  if (!noted.ok) return noted;
  const began = context.clock.elapsed();
  const made = await create(context, op, desks, { name, live: live.value });
  const ms = Math.round(context.clock.elapsed() - began);
  const marked =
    made.ok && made.value.moment !== null
      ? await finish(context, op, desk, { name, ms, live: live.value, moment: made.value.moment })
      : made;
  if (made.ok && made.value.moment !== null && marked.ok) {
    await forgetNote(context, op.id);
    await noteMeasured(context, { copy: { bytes, ms, at: context.clock.now() } });
    return ok({ copy: name, why: `a copy of ${size(bytes)}, taken in ${span(ms)} while requests waited` });
  }
  const dropped = await dropSide(desk, name); // what can't be dropped now is by the next call, which finds the note
  if (dropped.ok) await forgetNote(context, op.id);
  if (made.ok && made.value.moment === null) return ok({ copy: null, why: made.value.why });
  if (!marked.ok && isTimeout(marked.error)) {
    // The next look knows how slow it is here.
    await noteMeasured(context, { copy: { bytes, ms, at: context.clock.now() } });
    return tooSlow(context, ms);
  }
  return marked.ok ? ok({ copy: null, why: "it was not taken" }) : marked;
}

type Moment = {
  readonly s0: string;
  readonly inexact: string | null;
  readonly lsn: string;
  readonly timeline: number;
};
type Made = { readonly moment: Moment } | { readonly moment: null; readonly why: string };
type Wanted = { readonly name: string; readonly live: Entry };

/**
 * The lock first, the sessions then: a pool that is back at once waits at the lock, and a client sees one slow
 * connection. The snapshot is read while the lock is held and nobody is inside, so it is exactly the copy's.
 */
async function create(
  context: Context,
  op: Op,
  { desk, beside }: Desks,
  { name, live }: Wanted,
): Promise<Result<Made>> {
  const withinMs = context.config.copies?.withinMs ?? 0;
  const began = context.clock.elapsed();
  const before = await untilNobodyWorks(context, beside, began);
  if (!before.ok) return before;
  if (before.value.length > 0) return ok({ moment: null, why: atWork(before.value) });
  const first = await momentNow(beside, null);
  if (!first.ok) return first;
  let ended: SqlResult<unknown> | null = null;
  const creating = copyBeside(desk, { name, template: live.name, owner: live.owner }, withinMs).then(
    (end) => {
      ended = end;
      return end;
    },
  );
  const cleared = await clearWay(context, op, beside, { desk, live, isOver: () => ended !== null });
  const made = await creating;
  if (!cleared.ok) return cleared;
  if (made.ok) return ok({ moment: cleared.value.moment ?? first.value });
  if (cleared.value.atWork.length > 0) return ok({ moment: null, why: atWork(cleared.value.atWork) });
  if (made.error.sqlState === IN_USE)
    return ok({ moment: null, why: "somebody stayed in the database: a copy needs it to be empty" });
  return made;
}

async function untilNobodyWorks(
  context: Context,
  session: SqlSession,
  began: number,
): Promise<Result<readonly string[]>> {
  for (;;) {
    const inside = await whoIsInside(session, context.database);
    if (!inside.ok) return inside;
    const { atWork: found } = inside.value;
    if (found.length === 0 || context.clock.elapsed() - began > AT_WORK_MS) return ok(found);
    await context.clock.sleep(LOOK_EVERY_MS);
  }
}

type Way = { readonly desk: SqlSession; readonly live: Entry; readonly isOver: () => boolean };
type Cleared = { readonly moment: Moment | null; readonly atWork: readonly string[] };

/** Until the server has copied, or gave up. Who slipped in before the lock and works on makes us give up. */
async function clearWay(
  context: Context,
  op: Op,
  session: SqlSession,
  { desk, live, isOver }: Way,
): Promise<Result<Cleared>> {
  const began = context.clock.elapsed();
  const giveUp = () => session.query("SELECT pg_cancel_backend($1::int)", [desk.pid]);
  let moment: Moment | null = null;
  while (!isOver()) {
    const inside = await whoIsInside(session, context.database);
    if (!inside.ok || op.signal.aborted) {
      await giveUp();
      return inside.ok ? calledOff() : inside;
    }
    const { idle, atWork: found } = inside.value;
    if (found.length > 0 && context.clock.elapsed() - began > AT_WORK_MS) {
      await giveUp();
      return ok({ moment: null, atWork: found });
    }
    const told = idle.length > 0 ? await endIdle(session, idle) : ok(undefined);
    if (!told.ok) {
      await giveUp();
      return ok({ moment: null, atWork: [`sessions that can't be ended (${told.error.what})`] });
    }
    if (moment === null && idle.length === 0 && found.length === 0) {
      const seen = await momentNow(session, { pid: desk.pid, oid: live.oid });
      if (seen.ok && seen.value.locked) moment = seen.value;
    }
    await context.clock.sleep(LOOK_EVERY_MS);
  }
  return ok({ moment, atWork: [] });
}

const MOMENT = `SELECT pg_current_snapshot() AS s0,
  pg_snapshot_xmin(pg_current_snapshot()) = pg_snapshot_xmax(pg_current_snapshot()) AS quiet,
  pg_current_wal_insert_lsn() AS lsn, (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline,
  EXISTS (SELECT FROM pg_locks WHERE pid = $1::int AND granted AND locktype = 'object'
    AND classid = 'pg_database'::regclass AND objid = $2::oid) AS locked`;

/** `copying`: who copies which database; while it holds the lock nobody writes there, so the snapshot is exact. */
async function momentNow(
  session: SqlSession,
  copying: { readonly pid: number; readonly oid: string } | null,
): Promise<Result<Moment & { readonly locked: boolean }>> {
  const asked = await rowsOf(session, MOMENT, [copying?.pid ?? 0, copying?.oid ?? "0"]);
  if (!asked.ok) return asked;
  const row = asked.value[0] ?? {};
  const locked = row["locked"] === "t";
  const exact = locked || row["quiet"] === "t";
  return ok({
    s0: row["s0"] ?? "",
    inexact: exact
      ? null
      : "transactions were open on the server just before the copy; rows of their savepoints are found by key only",
    lsn: row["lsn"] ?? "0/0",
    timeline: Number(row["timeline"] ?? 0),
    locked,
  });
}

type Finish = Wanted & { readonly ms: number; readonly moment: Moment };

/** The mark last: a copy without it is not whole. */
async function finish(
  context: Context,
  op: Op,
  desk: SqlSession,
  { name, ms, live, moment }: Finish,
): Promise<Result<void>> {
  const closed = await shut(desk, name);
  if (!closed.ok) return closed;
  const oid = await oneValue(desk, "SELECT oid FROM pg_database WHERE datname = $1", [name]);
  if (!oid.ok) return oid;
  const { s0, inexact, lsn, timeline } = moment;
  const at = context.clock.now();
  const mark: Mark = {
    ...freshMark(oid.value ?? "0", op.epoch),
    point: { op: op.id, of: context.database, at, ms, s0, inexact, lsn, timeline },
  };
  const comment = quoteText(writeComment(live.own, mark));
  const written = await desk.query(`COMMENT ON DATABASE ${quoteName(name)} IS ${comment}`);
  return written.ok ? ok(undefined) : written;
}

function isTimeout(error: object): boolean {
  return "sqlState" in error && error.sqlState === QUERY_CANCELED;
}

function tooSlow(context: Context, ms: number): Result<never> {
  return problem(
    "timeout",
    `the template copy of ${context.database} was to end in time, and did not in ${span(ms)}: it was given up`,
    "run again: it is slower here than was measured, so the next deploy takes the dump alone",
    context.database,
  );
}

function atWork(found: readonly string[]): string {
  const more = found.length > 1 ? ` and ${found.length - 1} more` : "";
  return `somebody was at work in the database, and was not disturbed: ${found[0]}${more}`;
}
