// Queries whose answers the driver reads, as results.
import { ok, type Result } from "../../../core/result.ts";
import type { SqlClient, SqlParam, SqlRow, SqlSession } from "../../../ports/sql.ts";

export async function rowsOf(
  session: SqlSession,
  text: string,
  params: readonly SqlParam[] = [],
): Promise<Result<readonly SqlRow[]>> {
  const asked = await session.query(text, params);
  return asked.ok ? ok(asked.value.rows) : asked;
}

/** The one value of the one row; null where there is none. */
export async function oneValue(
  session: SqlSession,
  text: string,
  params: readonly SqlParam[] = [],
): Promise<Result<string | null>> {
  const rows = await rowsOf(session, text, params);
  return rows.ok ? ok(Object.values(rows.value[0] ?? {})[0] ?? null) : rows;
}

/** A session that is closed at the end, whatever happens. */
export async function inSession<T>(
  client: SqlClient,
  database: string | undefined,
  work: (session: SqlSession) => Promise<Result<T>>,
): Promise<Result<T>> {
  const session = await client.connect(database);
  if (!session.ok) return session;
  try {
    return await work(session.value);
  } finally {
    await session.value.close();
  }
}
