// A schema as a list of items, each with the definition that the server gives, and its digest.
import { sha256 } from "../../core/digest.ts";
import { ok, type Result } from "../../core/result.ts";
import type { SqlSession } from "../../ports/sql.ts";
import { quoteName } from "../database/postgres/names.ts";
import { CATALOG } from "./catalog-sql.ts";

/** For copies of tables while a way down is tried. */
export const PROOF_SCHEMA = "lastgood_proof";

export type Kind =
  | "schema"
  | "extension"
  | "enum"
  | "domain"
  | "composite"
  | "sequence"
  | "table"
  | "column"
  | "constraint"
  | "index"
  | "view"
  | "function"
  | "trigger"
  | "policy"
  | "grant"
  | "comment"
  /** What we make no statements for: a migration that touches it is for a restore. */
  | "other";

export type Data = Readonly<Record<string, unknown>>;

export type Item = {
  readonly kind: Kind;
  /** The server's own number of it: stays the same when it is renamed. */
  readonly key: string;
  /** Key of the table that it belongs to; empty where to none. */
  readonly of: string;
  /** Whole and quoted: `public.users.phone`. */
  readonly name: string;
  readonly def: string;
  /** As much of the definition as a dump and its restore do not put into other words. */
  readonly shape: string;
  readonly data: Data;
};

export type Catalog = readonly Item[];

/** `ledger`: the tool's own table, which belongs to no migration; nor does its schema, whatever else is in there. */
export async function readCatalog(session: SqlSession, ledger: string): Promise<Result<Catalog>> {
  const path = await session.query(
    "SELECT current_setting('search_path') AS path, coalesce(to_regclass($1)::oid, 0)::text AS ledger",
    [ledger.split(".").map(quoteName).join(".")],
  );
  if (!path.ok) return path;
  const { path: before = "", ledger: oid = "0" } = path.value.rows[0] ?? {};
  const [space, table] = ledger.split(".");
  const tools = table === undefined || space === "public" ? null : (space ?? null);
  const cleared = await session.query("SELECT set_config('search_path', '', false)");
  if (!cleared.ok) return cleared;
  const read = await session.query(CATALOG, [oid, ["lastgood", PROOF_SCHEMA], tools]);
  const back = await session.query("SELECT set_config('search_path', $1, false)", [before]);
  if (!read.ok) return read;
  if (!back.ok) return back;
  return ok(
    read.value.rows.map((row) => ({
      kind: row["kind"] as Kind,
      key: row["key"] ?? "",
      of: row["of"] ?? "",
      name: row["name"] ?? "",
      def: row["def"] ?? "",
      shape: row["shape"] ?? "",
      data: JSON.parse(row["data"] ?? "{}") as Data,
    })),
  );
}

/**
 * The same for the same schema, whatever the order of its columns; equal also after a dump and its restore. Without what
 * comes and goes with time and by those who run the server: partitions and extensions.
 */
export function shapeOf(catalog: Catalog): string {
  const partitions = new Set(catalog.filter(({ data }) => data["bound"] != null).map(({ key }) => key));
  const lasting = catalog.filter(
    ({ kind, key, of }) =>
      kind !== "extension" && !partitions.has(of) && !(kind === "table" && partitions.has(key)),
  );
  return sha256(lines(lasting, ({ shape }) => shape).join("\n"));
}

/** What is not the same in both, by name, a few words each. */
export function differences(wanted: Catalog, found: Catalog): readonly string[] {
  const said = ({ def }: Item) => def;
  const [then, now] = [new Set(lines(wanted, said)), new Set(lines(found, said))];
  const differ = [
    ...wanted.filter((one) => !now.has(line(one, said))),
    ...found.filter((one) => !then.has(line(one, said))),
  ];
  return [...new Set(differ.map(({ kind, name }) => `${kind} ${name}`))];
}

function lines(catalog: Catalog, of: (item: Item) => string): readonly string[] {
  return catalog.map((item) => line(item, of)).sort();
}

function line({ kind, name, ...item }: Item, of: (item: Item) => string): string {
  return JSON.stringify([kind, name, of({ kind, name, ...item })]);
}
