// Are the rows of a copy what they were? Copies of its tables are set aside before, and compared value by value after.
import type { Values } from "../../core/migrations/way.ts";
import { ok, type Result } from "../../core/result.ts";
import type { SqlSession } from "../../ports/sql.ts";
import { type Catalog, type Item, PROOF_SCHEMA } from "./catalog.ts";
import { columnData } from "./difference-columns.ts";

export type Aside = readonly {
  readonly table: Item;
  readonly columns: readonly string[];
  readonly key: readonly string[];
  readonly copy: string;
}[];

/** Of all tables with rows of their own. Those of before are dropped. */
export async function setAside(session: SqlSession, catalog: Catalog): Promise<Result<Aside>> {
  const tables = catalog.filter(({ kind, data }) => kind === "table" && data["kind"] === "r");
  const aside = tables.map((table, at) => ({
    table,
    copy: `${PROOF_SCHEMA}.t${at}`,
    ...columnsOf(catalog, table),
  }));
  const made = await session.query(
    [
      `DROP SCHEMA IF EXISTS ${PROOF_SCHEMA} CASCADE`,
      `CREATE SCHEMA ${PROOF_SCHEMA}`,
      ...aside.map(({ table, columns, copy }) => {
        // As text: a column of the app's own type would hold that type fast.
        const list = columns.map((column) => `${column}::text AS ${column}`).join(", ");
        return `CREATE TABLE ${copy} AS SELECT ${list} FROM ONLY ${table.name}`;
      }),
    ].join("; "),
  );
  return made.ok ? ok(aside) : made;
}

function columnsOf(catalog: Catalog, { key, name }: Item) {
  const columns = catalog.filter((one) => one.kind === "column" && one.of === key).map(columnData);
  const primary = catalog.find(
    (one) => one.kind === "constraint" && one.of === key && one.data["type"] === "p",
  );
  return {
    name,
    columns: columns.filter(({ generated }) => generated === null).map(({ column }) => column),
    key: (primary?.data["columns"] as readonly string[] | null | undefined) ?? [],
  };
}

export type Compared = {
  /** Values and rows that were there and are not. */
  readonly lost: readonly Values[];
  /** Rows that were not there. */
  readonly left: readonly Values[];
};

/** The tables have the names and columns of before again. */
export async function compareAside(session: SqlSession, aside: Aside): Promise<Result<Compared>> {
  const lost: Values[] = [];
  const left: Values[] = [];
  for (const one of aside) {
    const compared = await compareTable(session, one);
    if (!compared.ok) return compared;
    lost.push(...compared.value.lost);
    left.push(...compared.value.left);
  }
  return ok({ lost, left });
}

async function compareTable(
  session: SqlSession,
  { table, columns, key, copy }: Aside[number],
): Promise<Result<Compared>> {
  const name = String(table.data["said"]);
  const missing = await numberOf(session, except(copy, table.name, columns));
  if (!missing.ok) return missing;
  const [before, after] = [
    await numberOf(session, `FROM ${copy}`),
    await numberOf(session, `FROM ONLY ${table.name}`),
  ];
  if (!before.ok) return before;
  if (!after.ok) return after;
  const more = after.value - before.value;
  const left: Values[] = more > 0 ? [{ name, count: more, unit: "rows" }] : [];
  if (missing.value === 0) return ok({ lost: [], left });
  if (more < 0) return ok({ lost: [{ name, count: -more, unit: "rows" }], left });
  const lost: Values[] = [];
  for (const column of columns) {
    const there = `WHERE ${column} IS NOT NULL`;
    const values = await numberOf(session, except(copy, table.name, [...new Set([...key, column])], there));
    if (!values.ok) return values;
    if (values.value > 0) lost.push({ name: `${name}.${bare(column)}`, count: values.value, unit: "values" });
  }
  // All values are there, and not in the rows in which they were.
  return ok({ lost: lost.length > 0 ? lost : [{ name, count: missing.value, unit: "rows" }], left });
}

/** As text: not all types know when two of their values are the same. */
function except(copy: string, table: string, columns: readonly string[], where = ""): string {
  const list = columns.length === 0 ? "1" : columns.map((column) => `${column}::text`).join(", ");
  return `FROM (SELECT ${list} FROM ${copy} ${where} EXCEPT ALL SELECT ${list} FROM ONLY ${table}) gone`;
}

async function numberOf(session: SqlSession, from: string): Promise<Result<number>> {
  const asked = await session.query(`SELECT count(*) AS n ${from}`);
  return asked.ok ? ok(Number(asked.value.rows[0]?.["n"])) : asked;
}

function bare(quoted: string): string {
  return quoted.startsWith('"') ? quoted.slice(1, -1).replaceAll('""', '"') : quoted;
}
