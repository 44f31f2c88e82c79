// The context of one database: who connects where, and with which programs.
import { isAbsolute } from "node:path";
import { parseDatabaseUrl } from "../../../core/database-url.ts";
import { assert, ok, type Result } from "../../../core/result.ts";
import type { SqlClient, SqlResult, SqlSession } from "../../../ports/sql.ts";
import type { Context, PostgresConfig, PostgresDeps } from "./context.ts";
import { clientAt, placeOf } from "./reach.ts";
import { toolsOf } from "./tools.ts";

/** `config` where the URL is none. Connects to nothing yet. */
export function openContext(config: PostgresConfig, deps: PostgresDeps): Result<Context> {
  assert(isAbsolute(config.backupDir), "paths of a database are absolute");
  assert(Number.isInteger(config.keep) && config.keep >= 1, "at least one backup must be kept");
  const url = parseDatabaseUrl(config.url);
  if (!url.ok) return url;
  const place = placeOf(deps.docker, config.container);
  const app = clientAt(deps.sql, config.url, place);
  // An admin's URL often leads to the database `postgres`: ours is meant where none is named.
  const { database } = url.value;
  const other = config.adminUrl === null ? app : clientAt(deps.sql, config.adminUrl, place);
  const admin = { connect: (name?: string) => plainly(other, name ?? database) };
  const working = new Set<string>();
  const tools = toolsOf({ ...deps, config, app, working }, place);
  return ok({ ...deps, config, database, app, admin, tools, working });
}

/**
 * What we ask is answered by the server's own functions and tables. Where a database looks for them first is chosen by its
 * owner, which is the app's role, and this session may do more than that.
 */
async function plainly(client: SqlClient, database: string): Promise<SqlResult<SqlSession>> {
  const session = await client.connect(database);
  if (!session.ok) return session;
  const set = await session.value.query("SET search_path = pg_catalog, pg_temp");
  if (set.ok) return session;
  await session.value.close();
  return set;
}
