// What the cluster has under a name, and the session that may look at it and change it.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlRow, SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { rowsOf } from "../rows.ts";
import { type Mark, readComment } from "./marker.ts";

/** Databases that every cluster has: a session must stand in none of those that it renames. */
export const DESK = "postgres";
const OTHER_DESK = "template1";

/** The setting came with version 14. */
const PATIENT = `SELECT set_config('idle_session_timeout', '0', false)
  WHERE current_setting('server_version_num')::int >= 140000`;

export type Entry = {
  readonly oid: string;
  readonly name: string;
  readonly owner: string;
  readonly allowsConnections: boolean;
  /** The user's own comment. */
  readonly own: string | null;
  readonly mark: Mark | null;
  /** What `ALTER DATABASE … SET default_transaction_read_only` says; null where nobody set it. */
  readonly readOnly: string | null;
};

const COLUMNS = `d.oid, d.datname AS name, pg_get_userbyid(d.datdba) AS owner, d.datallowconn AS allows,
  shobj_description(d.oid, 'pg_database') AS comment,
  (SELECT substr(one, 31) FROM pg_db_role_setting s, unnest(s.setconfig) one
    WHERE s.setdatabase = d.oid AND s.setrole = 0 AND one LIKE 'default\\_transaction\\_read\\_only=%') AS read_only`;

/** A session as the role that may create and rename, in a database that is never exchanged; closed at the end. */
export async function atDesk<T>(
  context: Context,
  work: (session: SqlSession) => Promise<Result<T>>,
): Promise<Result<T>> {
  const session = await openDesk(context);
  if (!session.ok) return session;
  try {
    // While a backup is restored nothing is said here for long, and the session holds a lock.
    const patient = await session.value.query(PATIENT);
    return patient.ok ? await work(session.value) : patient;
  } finally {
    await session.value.close();
  }
}

async function openDesk(context: Context): Promise<Result<SqlSession>> {
  const first = await context.admin.connect(DESK);
  return first.ok || first.error.code !== "missing" ? first : context.admin.connect(OTHER_DESK);
}

/** Null where no database has the name. */
export async function readEntry(session: SqlSession, name: string): Promise<Result<Entry | null>> {
  const found = await rowsOf(session, `SELECT ${COLUMNS} FROM pg_database d WHERE d.datname = $1`, [name]);
  if (!found.ok) return found;
  const [row] = found.value;
  return ok(row === undefined ? null : entryOf(row));
}

/** All databases that carry a line of ours. */
export async function markedEntries(session: SqlSession): Promise<Result<readonly Entry[]>> {
  const found = await rowsOf(session, `SELECT ${COLUMNS} FROM pg_database d`);
  return found.ok ? ok(found.value.map(entryOf).filter((entry) => entry.mark !== null)) : found;
}

/**
 * All of the statements or none. `lock` is taken first and `check` looks under it, so that what it saw still holds.
 * `lock_timeout`, so that nobody waits behind us for long. Few ways to the server and back: clients wait meanwhile.
 */
export async function inOneTransaction(
  session: SqlSession,
  lock: string,
  check: () => Promise<Result<void>>,
  statements: readonly string[],
): Promise<Result<void>> {
  const begun = await session.query(
    `BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL synchronous_commit = on; ${lock}`,
  );
  if (!begun.ok) return begun;
  const checked = await check();
  const done = checked.ok ? await session.query([...statements, "COMMIT"].join("; ")) : checked;
  if (done.ok) return ok(undefined);
  await session.query("ROLLBACK"); // the reason is what the caller needs; of a lost session the server does it
  return done;
}

function entryOf(row: SqlRow): Entry {
  const oid = row["oid"] ?? "0";
  return {
    oid,
    name: row["name"] ?? "",
    owner: row["owner"] ?? "",
    allowsConnections: row["allows"] === "t",
    ...readComment(row["comment"] ?? null, oid),
    readOnly: row["read_only"] ?? null,
  };
}
