// What becomes of each row that was brought over: first by itself, then narrowed down by what hangs together.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Pick } from "../../../../core/salvage/verdict.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { quoteName, quoteText } from "../names.ts";
import { inTurn, rowText, sameKey } from "./ask.ts";
import type { ForeignKey, Unique } from "./catalog.ts";
import type { Pair, Pairs } from "./pairs.ts";
import type { Written } from "./xmin.ts";

/** A row that cannot come takes its children with it, and so on: far fewer rounds than this in any real schema. */
const ROUNDS_MAX = 200;

const comes = "lastgood_verdict IN ('insert', 'update')";

/** Verdicts of every row and of every row that is gone, for what is picked. */
export async function judge(
  target: SqlSession,
  pairs: Pairs,
  newer: Written,
  pick: Pick,
): Promise<Result<void>> {
  for (const pair of pairs.pairs) {
    const first = await inTurn(target, [alone(pair, newer, pick), goneAlone(pair, pick)]);
    if (!first.ok) return first;
  }
  return narrow(target, pairs);
}

/** Rows that would meet a taken value, a missing parent or a living child are taken out, until none is left. */
export async function narrow(target: SqlSession, pairs: Pairs): Promise<Result<void>> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let changed = 0;
    for (const pair of pairs.pairs) {
      for (const text of narrowings(pair, pairs)) {
        const done = await target.query(text);
        if (!done.ok) return done;
        changed += done.value.count;
      }
    }
    if (changed === 0) return ok(undefined);
  }
  return problem(
    "failed",
    `rows depend on each other over more than ${ROUNDS_MAX} levels`,
    "pick fewer tables",
  );
}

function narrowings(pair: Pair, pairs: Pairs): readonly string[] {
  const uniques = pair.target.uniques.filter(
    ({ key }) =>
      pair.key === null || key === null || [...key].sort().join("\0") !== [...pair.key].sort().join("\0"),
  );
  const up = pairs.references.filter(
    ({ from, columns }) => from === pair.name && columns.every((one) => pair.columns.includes(one)),
  );
  const down = pairs.references.filter(({ to }) => to === pair.name);
  return [
    ...uniques.flatMap((unique) => [uniqueTaken(pair, unique), uniqueTwice(pair, unique)]),
    ...up.map((reference) => parentMissing(pair, reference, pairs)),
    ...down.map((reference) => stillUsed(pair, reference, pairs)),
  ];
}

function alone(pair: Pair, newer: Written, { tables, kinds, doubtful, overwrite }: Pick): string {
  const picked = tables === null || tables.includes(pair.name);
  const as = (kind: "insert" | "update") => quoteText(picked && kinds.includes(kind) ? kind : "left");
  const insert = pair.map.wanting.length > 0 ? "'does-not-fit'" : as("insert");
  const unsure = doubtful ? "false" : "s.lastgood_phase = 'm'";
  if (pair.key === null)
    return `UPDATE ${pair.rows} s SET lastgood_verdict = CASE WHEN ${unsure} THEN 'doubtful' ELSE ${insert} END`;
  const both = overwrite ? as("update") : "'both-changed'";
  return `UPDATE ${pair.rows} s SET lastgood_verdict = x.verdict FROM (
    SELECT s.lastgood_n, CASE WHEN t.${quoteName(pair.key[0] ?? "")} IS NULL AND ${unsure} THEN 'doubtful'
      WHEN t.${quoteName(pair.key[0] ?? "")} IS NULL THEN ${insert}
      WHEN ${rowText(pair.columns, "s")} = ${rowText(pair.columns, "t")} THEN 'same'
      WHEN ${unsure} THEN 'doubtful'
      WHEN ${newer.since("t")} AND ${newer.phase("t")} = 'u' THEN ${both}
      ELSE ${as("update")} END AS verdict
    FROM ${pair.rows} s LEFT JOIN ${pair.target.from} t ON ${sameKey(pair.key, "s", "t")}) x
   WHERE x.lastgood_n = s.lastgood_n`;
}

function goneAlone({ name, gone }: Pair, { tables, kinds }: Pick): string {
  const picked = (tables === null || tables.includes(name)) && kinds.includes("delete");
  return `UPDATE ${gone} SET lastgood_verdict = '${picked ? "delete" : "left"}'`;
}

/** Rows of the target, under an alias, that are to be deleted. */
function isGone({ gone, key }: Pair, alias: string): string {
  const same =
    key === null
      ? `g.lastgood_table = ${alias}.tableoid AND g.lastgood_place = ${alias}.ctid`
      : sameKey(key, "g", alias);
  return `EXISTS (SELECT FROM ${gone} g WHERE ${same} AND g.lastgood_verdict = 'delete')`;
}

/** The values of an index as e0, e1, …; of the staged rows or of the target's own. */
function valuesOf(pair: Pair, { parts, where }: Unique, of: "rows" | "target"): string {
  const values = parts.map((part, at) => `(${part}) AS lastgood_e${at}`).join(", ");
  const more = of === "rows" ? "" : ", t.tableoid, t.ctid";
  const from = of === "rows" ? `${pair.rows} t` : `${pair.target.from} t`;
  const conditions = [...(where === null ? [] : [`(${where})`]), ...(of === "rows" ? [comes] : [])];
  return `(SELECT t.*${more}, ${values} FROM ${from}${conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : ""})`;
}

function equalValues({ parts }: Unique, a: string, b: string): string {
  return parts.map((_, at) => `${a}.lastgood_e${at} = ${b}.lastgood_e${at}`).join(" AND ");
}

/** By a row that stays as it is: neither the same one, nor one that goes, nor one that takes another value. */
function uniqueTaken(pair: Pair, unique: Unique): string {
  const { key, rows } = pair;
  const others =
    key === null
      ? ""
      : ` AND NOT (${sameKey(key, "x", "y")}) AND NOT EXISTS (SELECT FROM ${rows} r WHERE ${sameKey(key, "r", "y")} AND r.lastgood_verdict = 'update'
        AND NOT EXISTS (SELECT FROM ${valuesOf(pair, unique, "rows")} z WHERE z.lastgood_n = r.lastgood_n AND ${equalValues(unique, "z", "x")}))`;
  return `UPDATE ${rows} s SET lastgood_verdict = 'unique-taken' FROM ${valuesOf(pair, unique, "rows")} x
    JOIN ${valuesOf(pair, unique, "target")} y ON ${equalValues(unique, "x", "y")}
    WHERE x.lastgood_n = s.lastgood_n AND NOT ${isGone(pair, "y")}${others}`;
}

/** Within the rows themselves: where the source has no such index, two of them may have one value. */
function uniqueTwice(pair: Pair, unique: Unique): string {
  const values = unique.parts.map((_, at) => `x.lastgood_e${at}`);
  const whole = values.map((value) => `${value} IS NOT NULL`).join(" AND ");
  return `UPDATE ${pair.rows} s SET lastgood_verdict = 'unique-taken' FROM (
    SELECT x.lastgood_n, row_number() OVER (PARTITION BY ${values.join(", ")} ORDER BY x.lastgood_n) AS nth
    FROM ${valuesOf(pair, unique, "rows")} x WHERE ${whole}) d WHERE d.lastgood_n = s.lastgood_n AND d.nth > 1`;
}

function pointsAt({ columns, toColumns }: ForeignKey, child: string, parent: string): string {
  return columns
    .map((column, at) => `${child}.${quoteName(column)} = ${parent}.${quoteName(toColumns[at] ?? "")}`)
    .join(" AND ");
}

function parentMissing(pair: Pair, reference: ForeignKey, pairs: Pairs): string {
  const parent = pairs.pairs.find(({ name }) => name === reference.to);
  const from = pairs.targets.get(reference.to)?.from ?? "";
  const points = reference.columns.map((column) => `s.${quoteName(column)} IS NOT NULL`).join(" AND ");
  const stays = parent === undefined ? "" : ` AND NOT ${isGone(parent, "p")}`;
  const arrives = (p: Pair) =>
    ` AND NOT EXISTS (SELECT FROM ${p.rows} r WHERE ${pointsAt(reference, "s", "r")} AND r.${comes})`;
  const known = parent !== undefined && reference.toColumns.every((one) => parent.columns.includes(one));
  return `UPDATE ${pair.rows} s SET lastgood_verdict = 'parent-missing' WHERE s.${comes} AND ${points}
    AND NOT EXISTS (SELECT FROM ${from} p WHERE ${pointsAt(reference, "s", "p")}${stays})${known ? arrives(parent) : ""}`;
}

/** By a child that stays, and goes on pointing at it. */
function stillUsed(pair: Pair, reference: ForeignKey, pairs: Pairs): string {
  const child = pairs.pairs.find(({ name }) => name === reference.from);
  const from = pairs.targets.get(reference.from)?.from ?? "";
  const turns = (c: Pair, key: readonly string[]) =>
    ` AND NOT EXISTS (SELECT FROM ${c.rows} r WHERE ${sameKey(key, "r", "c")} AND r.lastgood_verdict = 'update'
      AND NOT coalesce(${pointsAt(reference, "r", "t")}, false))`;
  const known = child !== undefined && reference.columns.every((one) => child.columns.includes(one));
  const stays = child === undefined ? "" : ` AND NOT ${isGone(child, "c")}`;
  const points = known && child.key !== null ? turns(child, child.key) : "";
  const same =
    pair.key === null
      ? "g.lastgood_table = t.tableoid AND g.lastgood_place = t.ctid"
      : sameKey(pair.key, "g", "t");
  return `UPDATE ${pair.gone} g SET lastgood_verdict = 'still-used' WHERE g.lastgood_verdict = 'delete'
    AND EXISTS (SELECT FROM ${pair.target.from} t JOIN ${from} c ON ${pointsAt(reference, "c", "t")} WHERE ${same}${stays}${points})`;
}
