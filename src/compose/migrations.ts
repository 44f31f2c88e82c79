// From the config's `migrations` to the driver.
import type { MigrationDesk } from "../app/migration-desk.ts";
import type { Environment } from "../config/schema.ts";
import type { WithCopy } from "../drivers/database/postgres/copy.ts";
import { migrations } from "../drivers/migrations/migrations.ts";
import type { SqlClient } from "../ports/sql.ts";
import type { Machine } from "./machine.ts";
import type { Places } from "./wiring.ts";

type Stored = { readonly sql: SqlClient | null; readonly copy: WithCopy | null };

/** Null where nothing says how the app is migrated, or its database is none that can be asked. */
export function migrationsOf(
  { migrations: section }: Environment,
  stored: Stored | null,
  places: Places,
  { files, clock }: Machine,
): MigrationDesk | null {
  const { sql = null, copy = null } = stored ?? {};
  if (section === undefined || sql === null || copy === null) return null;
  const { tool, folder, table = null, service, down, timeout } = section;
  const [program, ...rest] = down ?? [];
  return {
    driver: migrations({ tool, folder, table, kept: places.migrations }, { sql, files, clock, copy }),
    command:
      service === undefined || program === undefined
        ? null
        : { service, argv: [program, ...rest], timeoutMs: timeout.ms },
  };
}
