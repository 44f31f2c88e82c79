// What a database holds: is it whole, rows by table, and a digest of each table. Synchronous; see inspect.ts.
import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import { markerTable } from "./marker.ts";
import { beginRead, openLive, openStill, single } from "./open.ts";
import { isDamage, sqliteCodes, sqliteFault } from "./problem.ts";

/** Larger ones are not read row by row: 60 MB/s, so this is about two seconds. */
const DIGEST_BYTES_MAX = 128 * 1024 * 1024;
const HASH_BUFFER_CHARS = 64 * 1024;
/** Columns joined by one call; SQLite's own limit for arguments is 1000. */
const COLUMNS_AT_ONCE = 500;

export type Look = {
  readonly path: string;
  /** `live`: beside its app, with locks. `still`: a file that nobody writes. */
  readonly as: "live" | "still";
  /** `full`: SQLite's integrity check (about 12 s for a gigabyte). `quick`: the same without the indexes, ten times as fast. */
  readonly check: "full" | "quick" | "none";
  readonly digests: boolean;
};

export type Content = {
  /** First complaint of the integrity check; null where it passed or was not wanted. */
  readonly damage: string | null;
  readonly foreignKeyErrors: number;
  readonly rows: Readonly<Record<string, number>>;
  /** sha256 of the schema; with `digests` the identity of the content. */
  readonly schema: string;
  /** Null where they were not wanted, or the database is too large or not UTF-8. */
  readonly digests: Readonly<Record<string, string>> | null;
};

/** All from one moment. Throws what SQLite throws; a database too damaged to read throws as well. */
export function look(wanted: Look): Content {
  const db = wanted.as === "live" ? openLive(wanted.path) : openStill(wanted.path);
  try {
    beginRead(db);
    const damage = wanted.check === "none" ? null : findDamage(db, wanted.check);
    if (damage !== null) return { damage, foreignKeyErrors: 0, rows: {}, schema: "", digests: null };
    const foreignKeyErrors =
      wanted.check === "full" ? db.prepare("PRAGMA foreign_key_check").all().length : 0;
    const digests = wanted.digests && canDigest(db) ? digestTables(db) : null;
    return { damage, foreignKeyErrors, rows: countRows(db), schema: digestSchema(db), digests };
  } finally {
    db.close();
  }
}

/** Rows of the app's own tables. The table itself is counted: an index may need functions that only the app has. */
export function countRows(db: DatabaseSync): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name, type } of tablesOf(db)) {
    if (type === "table" && !name.startsWith("sqlite_"))
      counts[name] = Number(single(db, `SELECT count(*) FROM ${quoted(name)} NOT INDEXED`));
  }
  return counts;
}

function findDamage(db: DatabaseSync, check: "full" | "quick"): string | null {
  try {
    const pragma = check === "full" ? "integrity_check" : "quick_check";
    const said = String(single(db, `PRAGMA ${pragma}(1)`));
    return said === "ok" ? null : said;
  } catch (error) {
    const fault = sqliteFault(error);
    if (isDamage(fault)) return fault?.message ?? "";
    if (fault?.code !== sqliteCodes.error) throw error;
    return walk(db);
  }
}

/** Where the check needs a function or collation that only the app has: visit every page and every row instead. */
function walk(db: DatabaseSync): string | null {
  try {
    single(db, "SELECT sum(pgsize) FROM dbstat");
    countRows(db);
    return null;
  } catch (error) {
    const fault = sqliteFault(error);
    if (isDamage(fault)) return fault?.message ?? "";
    throw error;
  }
}

/** Text of another encoding is converted when it is read, and two texts could become one. */
function canDigest(db: DatabaseSync): boolean {
  const bytes = Number(single(db, "PRAGMA page_count")) * Number(single(db, "PRAGMA page_size"));
  return bytes <= DIGEST_BYTES_MAX && single(db, "PRAGMA encoding") === "UTF-8";
}

function digestTables(db: DatabaseSync): Readonly<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const { name } of tablesOf(db)) digests[name] = digestRows(db, name);
  return digests;
}

/** In the order of the table itself; each value with its type, so that 1, 1.0, '1' and x'31' differ. */
function digestRows(db: DatabaseSync, table: string): string {
  const columns = db.prepare(`PRAGMA table_xinfo(${quoted(table)})`).all();
  const stored = columns.filter((column) => column["hidden"] === 0).map((column) => String(column["name"]));
  const exact = stored.map((name) => exactly(quoted(name)));
  const groups: string[] = [];
  for (let at = 0; at < exact.length; at += COLUMNS_AT_ONCE)
    groups.push(`concat_ws(',', ${exact.slice(at, at + COLUMNS_AT_ONCE).join(", ")})`);
  const query = db.prepare(`SELECT ${groups.join(", ")} FROM ${quoted(table)} NOT INDEXED`);
  query.setReturnArrays(true);
  const hash = createHash("sha256").update(JSON.stringify(stored));
  let buffer = "";
  for (const row of query.iterate() as Iterable<unknown>) {
    buffer += `${(row as string[]).join(",")}\n`;
    if (buffer.length < HASH_BUFFER_CHARS) continue;
    hash.update(buffer);
    buffer = "";
  }
  return hash.update(buffer).digest("hex");
}

/** `quote` gives numbers with all their digits, but cuts texts at a NUL; `hex` gives every byte. */
function exactly(column: string): string {
  return `CASE typeof(${column}) WHEN 'text' THEN 't' || hex(${column}) WHEN 'blob' THEN 'b' || hex(${column}) ELSE quote(${column}) END`;
}

function digestSchema(db: DatabaseSync): string {
  const parts = db
    .prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE tbl_name <> ? ORDER BY type, name")
    .all(markerTable)
    .filter((row) => !String(row["name"]).startsWith("sqlite_stat"));
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** Without views, virtual tables (their content is in shadow tables), our marker, and the planner's statistics. */
function tablesOf(db: DatabaseSync): readonly { readonly name: string; readonly type: string }[] {
  const sql =
    "SELECT name, type FROM pragma_table_list WHERE schema='main' AND type IN ('table','shadow') ORDER BY name";
  const skipped = (name: string) =>
    name.startsWith("_lastgood_") || name === "sqlite_schema" || name.startsWith("sqlite_stat");
  return db
    .prepare(sql)
    .all()
    .map((row) => ({ name: String(row["name"]), type: String(row["type"]) }))
    .filter(({ name }) => !skipped(name));
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
