// Does a foreign dump belong here: to this database, to this server, with all the tables that it must have?
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { migrationFacts } from "../facts.ts";
import { tableName } from "../manifest.ts";
import { inSession, rowsOf } from "../rows.ts";
import { type TableShape, tableShapes } from "../tables.ts";
import { majorOf } from "../tools-found.ts";
import type { About } from "./archive.ts";

const SHOWN_MAX = 5;

/** Before anything is restored: what the dump says of itself. */
export async function fitsServer(
  context: Context,
  desk: SqlSession,
  about: About,
  shown: string,
): Promise<Result<void>> {
  if (about.database !== null && about.database !== context.database)
    return problem(
      "refused",
      `${shown} is a dump of the database ${about.database}, and this one is ${context.database}`,
      `choose a dump of ${context.database}; if this really is the one, load it into a database of that name first, and dump that`,
      shown,
    );
  const asked = await rowsOf(
    desk,
    `SELECT current_setting('server_version') AS version,
       ARRAY(SELECT one FROM unnest($1::text[]) one WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one)) AS roles,
       ARRAY(SELECT one FROM unnest($2::text[]) one
         WHERE NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = one)) AS extensions`,
    [about.owners, about.extensions],
  );
  if (!asked.ok) return asked;
  const row = asked.value[0];
  const version = row?.["version"] ?? "";
  if (about.serverVersion !== null && majorOf(about.serverVersion) > majorOf(version))
    return problem(
      "refused",
      `${shown} comes from PostgreSQL ${about.serverVersion}, and this server is ${version}`,
      "restore it on a server that is as new; an older one lacks what the dump may use",
      shown,
    );
  const roles = row?.["roles"] ?? "{}";
  if (roles !== "{}")
    return problem(
      "refused",
      `${shown} gives things to roles that this server has not: ${roles.slice(1, -1)}`,
      "make each as it was: CREATE ROLE name; passwords are in no dump",
      shown,
    );
  const extensions = row?.["extensions"] ?? "{}";
  if (extensions !== "{}")
    return problem(
      "refused",
      `the server has not the extension ${extensions.slice(1, -1)}, and ${shown} needs it`,
      "install its package on the server's machine, or use the image that has it, then run again",
      shown,
    );
  return ok(undefined);
}

type There = { readonly tables: readonly TableShape[]; readonly migrations: string };

/**
 * After it was restored. A table that the live database has may be newer than the dump. It is not where both are at
 * the same migration; then the dump lacks it.
 */
export async function fitsTables(context: Context, scratch: string, shown: string): Promise<Result<void>> {
  const inside = await inSession(context.admin, scratch, whatIsThere);
  if (!inside.ok) return inside;
  const live = await inSession(context.admin, context.database, whatIsThere);
  if (!live.ok) return live.error.code === "missing" ? ok(undefined) : live;
  const has = inside.value.tables.map(tableName);
  const now = live.value.tables.map(tableName);
  if (has.length > 0 && now.length > 0 && !has.some((table) => now.includes(table)))
    return problem(
      "refused",
      `${shown} is of another database: it has ${listed(has)}; ${context.database} has ${listed(now)}`,
      `choose a dump of ${context.database}`,
      shown,
    );
  if (has.length === 0 && now.length > 0)
    return problem("damaged", `${shown} has no table at all`, "choose a whole backup", shown);
  const missing = now.filter((table) => !has.includes(table));
  const sameAge = live.value.migrations !== "[]" && live.value.migrations === inside.value.migrations;
  if (!sameAge || missing.length === 0) return ok(undefined);
  return problem(
    "damaged",
    `${shown} lacks ${listed(missing)}, and is of the same migration as the live database`,
    "choose a whole backup: this one was made without these tables",
    shown,
  );
}

async function whatIsThere(session: SqlSession): Promise<Result<There>> {
  const begun = await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (!begun.ok) return begun;
  const migrations = await migrationFacts(session);
  if (!migrations.ok) return migrations;
  const tables = await tableShapes(session);
  if (!tables.ok) return tables;
  return ok({ tables: tables.value, migrations: JSON.stringify(migrations.value) });
}

function listed(tables: readonly string[]): string {
  const shown = tables.slice(0, SHOWN_MAX).join(", ");
  return tables.length > SHOWN_MAX ? `${shown} and ${tables.length - SHOWN_MAX} more` : shown;
}
