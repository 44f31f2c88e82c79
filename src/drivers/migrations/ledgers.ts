// The table in which each tool writes down what it applied.
import type { Applied, Tool } from "../../core/migrations/status.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { SqlRow, SqlSession } from "../../ports/sql.ts";
import { quoteName } from "../database/postgres/names.ts";

type Ledger = {
  readonly table: string;
  /** Columns name, digest, at, failed, batch; `#` is the table. */
  readonly query: (name: string) => string;
  /** Columns that may hold the name, the first that is there counts. */
  readonly names: readonly string[];
};

const ledgers: Readonly<Record<Tool, Ledger>> = {
  prisma: {
    table: "_prisma_migrations",
    names: ["migration_name"],
    query:
      () => `SELECT migration_name AS name, checksum AS digest, started_at AS at, finished_at IS NULL AS failed, NULL AS batch
      FROM # WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name`,
  },
  drizzle: {
    table: "drizzle.__drizzle_migrations",
    names: ["created_at"],
    query: () =>
      "SELECT created_at AS name, hash AS digest, to_timestamp(created_at / 1000.0) AS at, false AS failed, NULL AS batch FROM # ORDER BY created_at",
  },
  knex: {
    table: "knex_migrations",
    names: ["name"],
    query: () =>
      "SELECT name, NULL AS digest, migration_time AS at, false AS failed, batch FROM # ORDER BY id",
  },
  "node-pg-migrate": {
    table: "pgmigrations",
    names: ["name"],
    query: () =>
      "SELECT name, NULL AS digest, run_on AS at, false AS failed, NULL AS batch FROM # ORDER BY run_on, id",
  },
  sql: {
    table: "schema_migrations",
    names: ["version", "name", "filename", "migration", "migration_name", "id"],
    query: (name) =>
      `SELECT ${name}::text AS name, NULL AS digest, NULL AS at, false AS failed, NULL AS batch FROM # ORDER BY ${name}`,
  },
};

export type LedgerTable = {
  /** As people write it. */
  readonly table: string;
  readonly sql: string;
  /** Quoted. */
  readonly nameColumn: string;
};

export function ledgerName(tool: Tool, table: string | null): string {
  return table ?? ledgers[tool].table;
}

/** Null where there is no such table: nothing was migrated yet. */
export async function findLedger(
  session: SqlSession,
  tool: Tool,
  wanted: string | null,
): Promise<Result<LedgerTable | null>> {
  const table = ledgerName(tool, wanted);
  const sql = table.split(".").map(quoteName).join(".");
  const columns = await session.query(
    "SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
    [sql],
  );
  if (!columns.ok) return columns;
  if (columns.value.rows.length === 0) return ok(null);
  const there = new Set(columns.value.rows.map((row) => row["name"]));
  const name = ledgers[tool].names.find((one) => there.has(one));
  if (name !== undefined) return ok({ table, sql, nameColumn: quoteName(name) });
  return problem(
    "failed",
    `${table} is not a table of ${tool}: it has none of ${ledgers[tool].names.join(", ")}`,
    "name the right table: migrations.table in lastgood.yml",
  );
}

export async function readLedger(
  session: SqlSession,
  tool: Tool,
  { sql, nameColumn }: LedgerTable,
): Promise<Result<readonly Applied[]>> {
  const asked = await session.query(ledgers[tool].query(nameColumn).replace("#", sql));
  return asked.ok ? ok(asked.value.rows.map(appliedOf)) : asked;
}

function appliedOf(row: SqlRow): Applied {
  return {
    name: row["name"] ?? "",
    digest: row["digest"] ?? null,
    at: row["at"] ?? null,
    failed: row["failed"] === "t",
    batch: row["batch"] == null ? null : Number(row["batch"]),
  };
}
