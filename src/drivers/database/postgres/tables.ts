// What is in the tables of a database: rows, hashes, columns and keys, all from one snapshot.
import { z } from "zod";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import { type TableFacts, tableName } from "./manifest.ts";
import { quoteName } from "./names.ts";
import { rowsOf } from "./rows.ts";

/** Above this the rows of a table are counted and not hashed: about ten minutes of reading. */
const HASH_BYTES_MAX = 20 * 1024 ** 3;

/** Without it the texts of some types, and who sees which rows, would depend on the role. */
const sameForAll = "SET search_path = ''; SET row_security = off";

/** Tables with rows of their own: leaves of partitions too; not those of extensions, of the system, or of other servers. */
const LIST = `SELECT n.nspname AS schema, c.relname AS name, pg_catalog.pg_table_size(c.oid) AS bytes,
  pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable,
  coalesce((SELECT pg_catalog.jsonb_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
  coalesce((SELECT pg_catalog.jsonb_agg(a.attname ORDER BY k.place)
    FROM pg_catalog.pg_index i, pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k(number, place)
    JOIN pg_catalog.pg_attribute a ON a.attnum = k.number
    WHERE i.indrelid = c.oid AND a.attrelid = c.oid AND i.indisprimary), '[]') AS key
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`;

const names = z.array(z.string());

/** Without `rows`: what there is, and nothing is read. */
export type TableShape = Omit<TableFacts, "rows" | "hash"> & { readonly bytes: number };

/** `refused` where the role may not read one of them. */
export async function tableShapes(session: SqlSession): Promise<Result<readonly TableShape[]>> {
  const set = await session.query(sameForAll);
  if (!set.ok) return set;
  const listed = await rowsOf(session, LIST);
  if (!listed.ok) return listed;
  const closed = listed.value.find((row) => row["readable"] !== "t");
  if (closed)
    return problem(
      "refused",
      `the role may not read the table ${closed["schema"]}.${closed["name"]}`,
      "grant SELECT on it to the role of the URL, or name one that may in adminUrl",
    );
  return ok(
    listed.value.map((row) => ({
      schema: row["schema"] ?? "",
      name: row["name"] ?? "",
      bytes: Number(row["bytes"]),
      columns: names.parse(JSON.parse(row["columns"] ?? "[]")),
      key: names.parse(JSON.parse(row["key"] ?? "[]")),
    })),
  );
}

/**
 * Rows and hashes by table, as the session's transaction sees them. One read of everything, 60 to 100 MB/s.
 * The hash is the sum of a 64-bit hash of each row's text: the same whatever the order of the rows is.
 */
export async function tableFacts(
  session: SqlSession,
  hashes: "hashes" | "counts" = "hashes",
  /** After each table: bytes of those that are read, and of all. */
  say: (done: number, total: number) => void = () => {},
): Promise<Result<readonly TableFacts[]>> {
  const shapes = await tableShapes(session);
  if (!shapes.ok) return shapes;
  const facts: TableFacts[] = [];
  const total = shapes.value.reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  for (const shape of shapes.value) {
    const one = await factsOf(session, shape, hashes === "hashes" && shape.bytes <= HASH_BYTES_MAX);
    if (!one.ok) return one;
    facts.push(one.value);
    done += shape.bytes;
    say(done, total);
  }
  return ok(facts);
}

async function factsOf(session: SqlSession, shape: TableShape, hash: boolean): Promise<Result<TableFacts>> {
  const { bytes: _, ...known } = shape;
  const from = `FROM ONLY ${quoteName(shape.schema)}.${quoteName(shape.name)} AS lastgood_row`;
  const sum = "coalesce(sum(pg_catalog.hashtextextended(lastgood_row::pg_catalog.text, 0)::numeric), 0)";
  const asked = await rowsOf(session, `SELECT count(*) AS rows, ${hash ? sum : "NULL"} AS hash ${from}`);
  if (!asked.ok) return asked;
  const row = asked.value[0];
  return ok({
    ...known,
    columns: [...known.columns],
    rows: Number(row?.["rows"]),
    hash: row?.["hash"] ?? null,
  });
}

/** Why what is there is not what the manifest says, a line a table; empty where it is the same. */
export function tableDifferences(
  wanted: readonly TableFacts[],
  found: readonly TableFacts[],
): readonly string[] {
  const there = new Map(found.map((table) => [tableName(table), table]));
  const wrong = wanted.flatMap((table) => {
    const name = tableName(table);
    const now = there.get(name);
    there.delete(name);
    if (now === undefined) return [`the table ${name} is missing (${table.rows} rows)`];
    if (now.rows !== table.rows) return [`${name} has ${now.rows} rows instead of ${table.rows}`];
    if (table.hash !== null && now.hash !== null && now.hash !== table.hash)
      return [`${name} has the right number of rows (${now.rows}) with other content`];
    return [];
  });
  return [...wrong, ...[...there.keys()].map((name) => `the table ${name} should not be there`)];
}
