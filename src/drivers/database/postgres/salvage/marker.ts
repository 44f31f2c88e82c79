// What a salvage leaves in the live database, in a schema of ours: its marker with what it did, and what it parked.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Op } from "../../../../ports/op.ts";
import type { Replayed } from "../../../../ports/salvage.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { inTurn, numbersOf, rowsOf } from "./ask.ts";
import { ourSchema } from "./catalog.ts";
import { parkTable } from "./stage.ts";

const marks = `${ourSchema}.salvage`;
const parked = `${ourSchema}.parked`;
/** Two salvages of one database never run at once, whoever asked for them. */
const LOCK = 5_208_113_906;

/** Ours alone; made at the first salvage, inside of its transaction. */
export async function openMarks(session: SqlSession): Promise<Result<void>> {
  const done = await inTurn(session, [
    `SELECT pg_advisory_xact_lock(${LOCK})`,
    `CREATE SCHEMA IF NOT EXISTS ${ourSchema}`,
    `CREATE TABLE IF NOT EXISTS ${marks}(op text PRIMARY KEY, epoch bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), done jsonb NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS ${parked}(op text NOT NULL, at timestamptz NOT NULL DEFAULT now(), relation text NOT NULL, row_key text, why text NOT NULL, content jsonb NOT NULL)`,
  ]);
  return done.ok ? ok(undefined) : done;
}

/** Null where it was never done here. `fenced` where a younger controller has been here. */
export async function readMark(
  session: SqlSession,
  op: string,
  epoch?: number,
): Promise<Result<Replayed | null>> {
  const there = await rowsOf(session, `SELECT to_regclass('${marks}') AS name`);
  if (!there.ok || there.value[0]?.["name"] === null) return there.ok ? ok(null) : there;
  const found = await rowsOf(session, `SELECT done::text AS done FROM ${marks} WHERE op = $1`, [op]);
  if (!found.ok) return found;
  const done = found.value[0]?.["done"];
  if (done !== undefined && done !== null) return ok({ ...(JSON.parse(done) as Replayed), before: true });
  const highest = await numbersOf<"epoch">(session, `SELECT coalesce(max(epoch), 0) AS epoch FROM ${marks}`);
  if (!highest.ok) return highest;
  if (epoch === undefined || epoch >= highest.value.epoch) return ok(null);
  return problem(
    "fenced",
    `epoch ${epoch} is over: the database has seen epoch ${highest.value.epoch}`,
    "another controller took over; stop this one",
  );
}

/** How many values and rows were parked for good. */
export async function keepParked(session: SqlSession, op: Op): Promise<Result<number>> {
  const kept = await session.query(
    `INSERT INTO ${parked}(op, relation, row_key, why, content) SELECT '${op.id}', relation, row_key, why, content FROM ${parkTable}`,
  );
  return kept.ok ? ok(kept.value.count) : kept;
}

export async function writeMark(session: SqlSession, op: Op, done: Replayed): Promise<Result<void>> {
  const written = await session.query(`INSERT INTO ${marks}(op, epoch, done) VALUES ($1, $2, $3)`, [
    op.id,
    op.epoch,
    JSON.stringify(done),
  ]);
  return written.ok ? ok(undefined) : written;
}
