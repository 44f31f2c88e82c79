// Writes what was judged into the target's tables: deletes that free values, changes and new rows parents first, the other deletes.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { quoteName } from "../names.ts";
import { inTurn, list, sameKey } from "./ask.ts";
import type { ForeignKey, Unique } from "./catalog.ts";
import { narrow } from "./judge.ts";
import type { Pair, Pairs } from "./pairs.ts";

/** A chain of rows that take each other's values is as long as this at most; longer ones are conflicts. */
const CHAIN_MAX = 100;

/** The session is in a transaction and has locked the tables. */
export async function writeRows(session: SqlSession, pairs: Pairs): Promise<Result<void>> {
  const children = pairs.pairs.toReversed();
  const steps = [
    () =>
      inTurn(
        session,
        children.map((pair) => deleteFree(pair, pairs)),
      ),
    () => upsertAll(session, pairs),
    () =>
      inTurn(
        session,
        children.map((pair) => deleteFree(pair, pairs)),
      ),
  ];
  for (const step of steps) {
    const done = await step();
    if (!done.ok) return done;
  }
  return ok(undefined);
}

async function upsertAll(session: SqlSession, pairs: Pairs): Promise<Result<void>> {
  for (const pair of pairs.pairs) {
    const updated = pair.key === null ? ok(undefined) : await update(session, pair, pair.key, pairs);
    if (!updated.ok) return updated;
    const inserted = await session.query(insert(pair));
    if (!inserted.ok) return inserted;
  }
  return ok(undefined);
}

/** Rows that no row points at now. Those that changes are to turn away from come later. */
function deleteFree({ gone, key, target, name }: Pair, { references, targets }: Pairs): string {
  const same =
    key === null ? "g.lastgood_table = t.tableoid AND g.lastgood_place = t.ctid" : sameKey(key, "g", "t");
  const free = references
    .filter(({ to }) => to === name)
    .map((reference) => {
      const itself = reference.from === name ? " AND c.ctid <> t.ctid" : "";
      return ` AND NOT EXISTS (SELECT FROM ${targets.get(reference.from)?.from ?? ""} c WHERE ${points(reference)}${itself})`;
    });
  return `DELETE FROM ${target.from} t USING ${gone} g WHERE ${same} AND g.lastgood_verdict = 'delete'${free.join("")}`;
}

function points({ columns, toColumns }: ForeignKey): string {
  return columns
    .map((column, at) => `c.${quoteName(column)} = t.${quoteName(toColumns[at] ?? "")}`)
    .join(" AND ");
}

function insert({ target, rows, columns }: Pair): string {
  return `INSERT INTO ${target.sql} (${list(columns)}) OVERRIDING SYSTEM VALUE
    SELECT ${list(columns)} FROM ${rows} WHERE lastgood_verdict = 'insert' ORDER BY lastgood_n`;
}

/** A row whose new value another one still has waits until that one took its own. Rows in a circle are conflicts. */
async function update(
  session: SqlSession,
  pair: Pair,
  key: readonly string[],
  pairs: Pairs,
): Promise<Result<void>> {
  const always = new Set(pair.target.columns.filter((column) => column.always).map(({ name }) => name));
  const set = pair.columns.filter((name) => !key.includes(name) && !always.has(name));
  if (set.length === 0) return ok(undefined);
  const uniques = pair.target.uniques.filter(
    (unique) => [...(unique.key ?? [])].sort().join("\0") !== [...key].sort().join("\0"),
  );
  const free = uniques.map((unique) => ` AND NOT ${valueTaken(pair, key, unique)}`).join("");
  const text = `WITH done AS (UPDATE ${pair.target.from} t SET ${set.map((name) => `${quoteName(name)} = s.${quoteName(name)}`).join(", ")}
      FROM ${pair.rows} s WHERE ${sameKey(key, "s", "t")} AND s.lastgood_verdict = 'update' AND s.lastgood_nth IS NULL${free} RETURNING s.lastgood_n)
    UPDATE ${pair.rows} s SET lastgood_nth = 0 FROM done WHERE done.lastgood_n = s.lastgood_n`;
  for (let round = 0; round < CHAIN_MAX; round++) {
    const done = await session.query(text);
    if (!done.ok) return done;
    if (done.value.count === 0 || uniques.length === 0) break;
  }
  if (uniques.length === 0) return ok(undefined);
  const stuck = await session.query(
    `UPDATE ${pair.rows} SET lastgood_verdict = 'unique-taken' WHERE lastgood_verdict = 'update' AND lastgood_nth IS NULL`,
  );
  if (!stuck.ok) return stuck;
  return stuck.value.count === 0 ? ok(undefined) : narrow(session, pairs);
}

function valueTaken({ target, rows }: Pair, key: readonly string[], { parts, where }: Unique): string {
  const only = where === null ? "" : ` WHERE (${where})`;
  const values = parts.map((part, at) => `(${part}) AS lastgood_e${at}`).join(", ");
  const equal = parts.map((_, at) => `x.lastgood_e${at} = y.lastgood_e${at}`).join(" AND ");
  return `EXISTS (SELECT FROM (SELECT t.lastgood_n, ${values} FROM ${rows} t${only}) x
    JOIN (SELECT t.*, ${values} FROM ${target.from} t${only}) y ON ${equal}
    WHERE x.lastgood_n = s.lastgood_n AND NOT (${sameKey(key, "y", "s")}))`;
}
