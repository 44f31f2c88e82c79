// Applies the migrations that are missing, in order, each in a transaction, with the bookkeeping that Prisma keeps.
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import pg from "pg";

const LEDGER = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz,
  migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0
)`;
/** Two runners at once take turns. */
const LOCK = 72_707_369;

const folder = path.join(import.meta.dirname, process.env.MIGRATIONS ?? "prisma/migrations");
const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
try {
  await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
  await client.query(LEDGER);
  const { rows } = await client.query(
    "SELECT migration_name, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL",
  );
  const failed = rows.find((row) => row.finished_at === null);
  if (failed) throw new Error(`migration ${failed.migration_name} failed before; mend that by hand first`);
  const applied = new Set(rows.map((row) => row.migration_name));
  for (const [name, sql] of readMigrations()) if (!applied.has(name)) await apply(name, sql);
  process.stdout.write("all migrations are applied\n");
} catch (error) {
  process.stderr.write(`migration failed: ${/** @type {Error} */ (error).message}\n`);
  process.exitCode = 1;
} finally {
  await client.end();
}

/** `NAME/migration.sql` or `NAME.sql`, by name. @returns {[name: string, sql: string][]} */
function readMigrations() {
  return readdirSync(folder)
    .toSorted()
    .flatMap((entry) => {
      const file = entry.endsWith(".sql")
        ? path.join(folder, entry)
        : path.join(folder, entry, "migration.sql");
      return existsSync(file) ? [[entry.replace(/\.sql$/, ""), readFileSync(file, "utf8")]] : [];
    });
}

/** @param {string} name @param {string} sql */
async function apply(name, sql) {
  const id = randomUUID();
  const checksum = createHash("sha256").update(sql).digest("hex");
  await client.query("INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)", [
    id,
    checksum,
    name,
  ]);
  try {
    await client.query(`BEGIN; ${sql}; COMMIT`);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    await client.query("ROLLBACK");
    await client.query("UPDATE _prisma_migrations SET logs = $2 WHERE id = $1", [id, message]);
    throw new Error(`${name}: ${message}`);
  }
  await client.query(
    "UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1",
    [id],
  );
  process.stdout.write(`applied ${name}\n`);
}
