// CREATE DATABASE … TEMPLATE: a database copied file by file, and shut from its first moment.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlResult, SqlSession } from "../../../../ports/sql.ts";
import { quoteName } from "../names.ts";
import { rowsOf } from "../rows.ts";

/** The first version that can copy in two ways; before it there is only this one. */
const HAS_STRATEGIES = 150_000;
/** The first that lets the file system share blocks instead of copying them, where it can. */
const CLONES_FILES = 180_000;

export type Beside = { readonly name: string; readonly template: string; readonly owner: string };

/**
 * The server locks the template first: sessions that come meanwhile wait, and nobody can write. Fails after 5 s where
 * somebody stays in it (55006), and after `withinMs` (57014); then nothing of the copy stays.
 */
export async function copyBeside(
  session: SqlSession,
  { name, template, owner }: Beside,
  withinMs: number,
): Promise<SqlResult<unknown>> {
  const version = await rowsOf(session, "SELECT current_setting('server_version_num') AS version");
  const number = version.ok ? Number(version.value[0]?.["version"]) : 0;
  if (number >= CLONES_FILES) await session.query("SET file_copy_method = clone");
  const limited = await session.query(`SET statement_timeout = ${Math.max(1, Math.floor(withinMs))}`);
  if (!limited.ok) return limited;
  const made = await session.query(
    `CREATE DATABASE ${quoteName(name)} TEMPLATE ${quoteName(template)} OWNER ${quoteName(owner)}
       ${number >= HAS_STRATEGIES ? "STRATEGY FILE_COPY" : ""} ALLOW_CONNECTIONS false`,
  );
  await session.query("RESET statement_timeout");
  return made;
}

/** A copy has none of the grants and settings that shut its template: access would be wider than it was. */
export async function shut(session: SqlSession, name: string): Promise<Result<void>> {
  const closed = await session.query(`REVOKE ALL ON DATABASE ${quoteName(name)} FROM PUBLIC`);
  if (!closed.ok) return closed;
  const readOnly = await session.query(
    `ALTER DATABASE ${quoteName(name)} SET default_transaction_read_only = on`,
  );
  return readOnly.ok ? ok(undefined) : readOnly;
}
