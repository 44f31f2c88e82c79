// What the catalogue says of a database's tables, as far as rows that move depend on it.
import { ok, type Result } from "../../../../core/result.ts";
import type { Column } from "../../../../core/salvage/columns.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { tableName } from "../manifest.ts";
import { quoteName } from "../names.ts";

export type CatalogColumn = Column & {
  /** The type alone, for a column of a table of ours. */
  readonly plainType: string;
  /** `GENERATED ALWAYS AS IDENTITY`: may be inserted, never updated. */
  readonly always: boolean;
};

export type Unique = {
  readonly name: string;
  /** Columns or expressions, as text for a query over the table alone. */
  readonly parts: readonly string[];
  /** Of a partial index. */
  readonly where: string | null;
  /** Names of columns, where it can stand for the row: all of them never null, nothing partial or deferred. */
  readonly key: readonly string[] | null;
  readonly primary: boolean;
};

export type Table = {
  readonly oid: string;
  /** `schema.name`, without `public`. */
  readonly name: string;
  /** For FROM, with ONLY where rows of heirs would come along. */
  readonly from: string;
  /** Quoted, for everything else. */
  readonly sql: string;
  readonly rowsAbout: number;
  readonly columns: readonly CatalogColumn[];
  readonly uniques: readonly Unique[];
  readonly checks: readonly string[];
  /** Triggers of the user's own that fire now. */
  readonly triggers: readonly { readonly name: string; readonly always: boolean }[];
};

export type ForeignKey = {
  readonly name: string;
  /** Names of tables as in `Table`. */
  readonly from: string;
  readonly to: string;
  readonly columns: readonly string[];
  readonly toColumns: readonly string[];
  readonly deferrable: boolean;
  readonly deferred: boolean;
};

/** The schema of ours inside the user's database. */
export const ourSchema = "lastgood";

const names = (columns: string, table: string) =>
  `(SELECT json_agg(a.attname ORDER BY each.at) FROM unnest(${columns}) WITH ORDINALITY each(num, at)
     JOIN pg_attribute a ON a.attrelid = ${table} AND a.attnum = each.num)`;

const type = `format_type(a.atttypid, a.atttypmod)
  || coalesce((SELECT string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid), '')
  || coalesce((SELECT format_type(y.typbasetype, y.typtypmod) || y.typnotnull || coalesce((SELECT string_agg(pg_get_constraintdef(c.oid), ',' ORDER BY c.conname) FROM pg_constraint c WHERE c.contypid = y.oid), '')
      FROM pg_type y WHERE y.oid = a.atttypid AND y.typtype = 'd'), '')`;

const tablesSql = `SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind AS kind,
  greatest(c.reltuples, 0)::bigint AS rows,
  (SELECT coalesce(json_agg(json_build_object('name', a.attname, 'type', ${type},
      'plainType', format_type(a.atttypid, a.atttypmod), 'generated', a.attgenerated <> '', 'always', a.attidentity = 'a',
      'notNull', a.attnotnull, 'hasDefault', a.atthasdef OR a.attidentity <> '') ORDER BY a.attnum), '[]')
    FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
  (SELECT coalesce(json_agg(json_build_object('name', x.relname, 'primary', i.indisprimary,
      'parts', (SELECT json_agg(pg_get_indexdef(i.indexrelid, k, true) ORDER BY k) FROM generate_series(1, i.indnkeyatts) k),
      'where', pg_get_expr(i.indpred, i.indrelid),
      'key', CASE WHEN i.indpred IS NULL AND i.indexprs IS NULL AND i.indimmediate AND NOT EXISTS (
          SELECT 1 FROM unnest(i.indkey[0:i.indnkeyatts - 1]) k JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k WHERE NOT a.attnotnull)
        THEN ${names("i.indkey[0:i.indnkeyatts - 1]", "c.oid")} END) ORDER BY i.indisprimary DESC, x.relname), '[]')
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid) AS uniques,
  (SELECT coalesce(json_agg(pg_get_expr(k.conbin, k.conrelid) ORDER BY k.conname), '[]')
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.convalidated) AS checks,
  (SELECT coalesce(json_agg(json_build_object('name', g.tgname, 'always', g.tgenabled = 'A') ORDER BY g.tgname), '[]')
    FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled IN ('O', 'A')) AS triggers
 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema', '${ourSchema}') AND n.nspname NOT LIKE 'pg\\_%'
   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
 ORDER BY n.nspname, c.relname`;

const foreignKeysSql = `SELECT k.conname AS name, fn.nspname AS from_schema, f.relname AS from_name,
  tn.nspname AS to_schema, t.relname AS to_name, k.condeferrable AS deferrable, k.condeferred AS deferred,
  ${names("k.conkey", "k.conrelid")} AS columns, ${names("k.confkey", "k.confrelid")} AS to_columns
 FROM pg_constraint k JOIN pg_class f ON f.oid = k.conrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
 JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
 WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY fn.nspname, f.relname, k.conname`;

export async function readTables(session: SqlSession): Promise<Result<readonly Table[]>> {
  const asked = await session.query(tablesSql);
  if (!asked.ok) return asked;
  return ok(
    asked.value.rows.map((row) => {
      const full = { schema: String(row["schema"]), name: String(row["name"]) };
      const sql = `${quoteName(full.schema)}.${quoteName(full.name)}`;
      return {
        oid: String(row["oid"]),
        name: tableName(full),
        sql,
        from: row["kind"] === "r" ? `ONLY ${sql}` : sql,
        rowsAbout: Number(row["rows"]),
        columns: json(row["columns"]),
        uniques: json(row["uniques"]),
        checks: json(row["checks"]),
        triggers: json(row["triggers"]),
      };
    }),
  );
}

export async function readForeignKeys(session: SqlSession): Promise<Result<readonly ForeignKey[]>> {
  const asked = await session.query(foreignKeysSql);
  if (!asked.ok) return asked;
  return ok(
    asked.value.rows.map((row) => ({
      name: String(row["name"]),
      from: tableName({ schema: String(row["from_schema"]), name: String(row["from_name"]) }),
      to: tableName({ schema: String(row["to_schema"]), name: String(row["to_name"]) }),
      columns: json(row["columns"]),
      toColumns: json(row["to_columns"]),
      deferrable: row["deferrable"] === "t",
      deferred: row["deferred"] === "t",
    })),
  );
}

/** What our own queries put together has the shape that they give it. */
function json<T>(text: string | null | undefined): T {
  return JSON.parse(text ?? "[]") as T;
}
