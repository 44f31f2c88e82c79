// Rows that a restore took away: found in the database that it kept, shown, and brought along into the live one.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Findings, Pick, TableFindings } from "../../../../core/salvage/verdict.ts";
import type { Op } from "../../../../ports/op.ts";
import type { Kept, Replayed, Salvage } from "../../../../ports/salvage.ts";
import type { Context } from "../context.ts";
import { inTurn, settled } from "./ask.ts";
import { findingsOf } from "./findings.ts";
import { stageGone } from "./gone.ts";
import { judge } from "./judge.ts";
import type { Lineage } from "./lineage.ts";
import { keepParked, openMarks, readMark, writeMark } from "./marker.ts";
import { type Both, openBoth, withLive } from "./open.ts";
import { type Pairs, readPairs } from "./pairs.ts";
import { prove } from "./proof.ts";
import { hush, lockTables, unhush } from "./quiet.ts";
import { raiseSequences } from "./sequences.ts";
import { since } from "./since.ts";
import { migrationRows, openPark, parkTableOf, stagePair, type Two } from "./stage.ts";
import { writeRows } from "./write.ts";
import { writtenSince } from "./xmin.ts";

/** See `Salvage` in the ports for what each verb promises. */
export function postgresSalvage(context: Context): Salvage {
  return {
    since: (backup, signal) => since(context, backup, signal),
    look: (kept, pick, signal) => look(context, kept, pick, signal),
    replay: (op, kept, pick) => replay(context, op, kept, pick),
    replayed: (op) => replayed(context, op),
  };
}

type Wanted = { readonly kept: Kept; readonly pick: Pick; readonly signal?: AbortSignal | undefined };

async function look(
  context: Context,
  kept: Kept,
  pick: Pick,
  signal?: AbortSignal,
): Promise<Result<Findings>> {
  return openBoth(context, kept, async (both) => {
    const begun = await begin(both);
    if (!begun.ok) return begun;
    const judged = await find(both, { kept, pick, signal });
    return judged.ok ? ok(judged.value.findings) : judged;
  });
}

async function replay(context: Context, op: Op, kept: Kept, pick: Pick): Promise<Result<Replayed>> {
  return openBoth(context, kept, async (both) => {
    const begun = await begin(both);
    if (!begun.ok) return begun;
    const marked = await openMarks(both.target);
    if (!marked.ok) return marked;
    const done = await readMark(both.target, op.id, op.epoch);
    if (!done.ok) return done;
    if (done.value !== null) return ok(done.value);
    const written = await write(both, op, { kept, pick, signal: op.signal });
    if (!written.ok) return written;
    const committed = await both.target.query("COMMIT");
    return committed.ok ? written : committed;
  });
}

async function begin({ source, target }: Both): Promise<Result<void>> {
  const still = await source.query(`${settled}; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
  if (!still.ok) return still;
  const open = await target.query(`${settled}; BEGIN; SET LOCAL synchronous_commit = on`);
  return open.ok ? ok(undefined) : open;
}

type Judged = {
  readonly findings: Findings;
  readonly two: Two;
  readonly pairs: Pairs;
  readonly migration: ReadonlyMap<string, number>;
};

/** All of it is temporary tables of the target's session, which go with its transaction. */
async function find(
  { source, target, lineage }: Both,
  { kept, pick, signal }: Wanted,
  known?: Pairs,
): Promise<Result<Judged>> {
  const pairs = known === undefined ? await readPairs(source, target) : ok(known);
  if (!pairs.ok) return pairs;
  const written = await writtenSince(source, lineage.source.since);
  if (!written.ok) return written;
  const newer = await writtenSince(target, lineage.target.since);
  if (!newer.ok) return newer;
  const two = { source, target, written: written.value, newer: newer.value };
  const staged = await stageAll(two, pairs.value, signal);
  if (!staged.ok) return staged;
  const judged = await judge(target, pairs.value, newer.value, pick);
  if (!judged.ok) return judged;
  const tables = await findingsOf(target, pairs.value, staged.value);
  if (!tables.ok) return tables;
  const findings = {
    kept: kept.id,
    tables: tables.value,
    gaps: gapsOf(two, lineage, pairs.value, tables.value),
  };
  return ok({ findings, two, pairs: pairs.value, migration: staged.value });
}

async function stageAll(
  two: Two,
  { pairs, homeless }: Pairs,
  signal?: AbortSignal,
): Promise<Result<ReadonlyMap<string, number>>> {
  const migration = new Map<string, number>();
  const park = await openPark(two.target);
  if (!park.ok) return park;
  for (const pair of pairs) {
    if (signal?.aborted) return calledOff();
    const brought = await stagePair(two, pair);
    if (!brought.ok) return brought;
    const gone = await stageGone(two, pair, brought.value);
    if (!gone.ok) return gone;
    const rows = await migrationRows(two, pair);
    if (!rows.ok) return rows;
    migration.set(pair.name, rows.value);
  }
  for (const table of homeless) {
    const parked = await parkTableOf(two, table);
    if (!parked.ok) return parked;
  }
  return ok(migration);
}

async function write(both: Both, op: Op, wanted: Wanted): Promise<Result<Replayed>> {
  const pairs = await readPairs(both.source, both.target);
  if (!pairs.ok) return pairs;
  const { target, source } = both;
  // Before the look: what is seen as unchanged stays so until the end.
  const locked = await lockTables(
    target,
    pairs.value.pairs.map((pair) => pair.target),
  );
  if (!locked.ok) return locked;
  const judged = await find(both, wanted, pairs.value);
  if (!judged.ok) return judged;
  for (const step of [hush, writeRows, unhush, prove]) {
    if (op.signal.aborted) return calledOff();
    const done = await step(target, pairs.value);
    if (!done.ok) return done;
  }
  const sequences = await raiseSequences(source, target);
  if (!sequences.ok) return sequences;
  const parked = await keepParked(target, op);
  if (!parked.ok) return parked;
  const tables = await findingsOf(target, pairs.value, judged.value.migration);
  if (!tables.ok) return tables;
  const done: Replayed = {
    ...judged.value.findings,
    tables: tables.value,
    op: op.id,
    parked: parked.value,
    sequences: sequences.value,
    before: false,
  };
  const marked = await writeMark(target, op, done);
  return marked.ok ? ok(done) : marked;
}

function replayed(context: Context, op: string): Promise<Result<Replayed | null>> {
  return withLive(context, async (target) => {
    const set = await inTurn(target, [settled]);
    return set.ok ? readMark(target, op) : set;
  });
}

function gapsOf(
  { written, newer }: Two,
  lineage: Lineage,
  { pairs, homeless }: Pairs,
  tables: readonly TableFindings[],
): readonly string[] {
  const gaps: string[] = [];
  const has = (verdict: "delete" | "doubtful") =>
    tables.filter(({ verdicts }) => verdicts[verdict]).map(({ table }) => table);
  const { inexact } = lineage.source;
  if (inexact !== null)
    gaps.push(
      `transactions were open at the backup (${inexact}): rows of theirs are looked at as if written since`,
    );
  if (has("doubtful").length > 0)
    gaps.push(
      `${has("doubtful").join(", ")}: written before or by the migration, which nothing can tell; --doubtful brings them too`,
    );
  if (written.migrated && has("delete").length > 0)
    gaps.push(`${has("delete").join(", ")}: whether users or the migration deleted rows cannot be told`);
  if (newer.migrated) gaps.push("rows that the migration rewrote in the live database are not deleted");
  const keyless = pairs.filter(({ key, name }) => key === null && tables.some(({ table }) => table === name));
  if (keyless.length > 0)
    gaps.push(
      `${keyless.map(({ name }) => name).join(", ")}: no key, so a changed row is one deleted and one new`,
    );
  if (homeless.length > 0)
    gaps.push(
      `${homeless.map(({ name }) => name).join(", ")}: only in the kept database; rows of users are parked`,
    );
  return gaps;
}

function calledOff(): Result<never> {
  return problem("cancelled", "called off; nothing was changed", "run again if it is still wanted");
}
