// From the config's `migrations` to the driver.
import type { MigrationDesk } from "../app/migration-desk.ts";
import type { Environment } from "../config/schema.ts";
import { migrations } from "../drivers/migrations/migrations.ts";
import type { SqlClient } from "../ports/sql.ts";
import type { Machine } from "./machine.ts";

/** Null where nothing says how the app is migrated, or its database is none that can be asked. */
export function migrationsOf(
  { migrations: section }: Environment,
  sql: SqlClient | null,
  { files }: Machine,
): MigrationDesk | null {
  if (section === undefined || sql === null) return null;
  const { tool, folder, table = null, service, down, timeout } = section;
  const [program, ...rest] = down ?? [];
  return {
    driver: migrations({ tool, folder, table }, { sql, files }),
    command:
      service === undefined || program === undefined
        ? null
        : { service, argv: [program, ...rest], timeoutMs: timeout.ms },
  };
}
