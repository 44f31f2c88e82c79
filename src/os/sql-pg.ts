// The SQL port over node-postgres. Values stay the texts that the server sends.
import { readFile } from "node:fs/promises";
import { Client, type ClientConfig, type QueryResult } from "pg";
import { type DatabaseUrl, parseDatabaseUrl } from "../core/database-url.ts";
import type { OpenSql, SqlParam, SqlResult, SqlRow, SqlRows, SqlSession } from "../ports/sql.ts";
import { copyInQuery, copyOutQuery } from "./sql-copy.ts";
import { sqlProblem } from "./sql-problem.ts";

const CONNECT_MS = 10_000;
const NO_TRANSACTION = "25P01";
/** The same texts whatever server, database and role are set to; and no limit but our own. */
const setUp = [
  "SET DateStyle = 'ISO, MDY'",
  "SET IntervalStyle = postgres",
  "SET TimeZone = 'UTC'",
  "SET extra_float_digits = 1",
  "SET bytea_output = hex",
  "SET standard_conforming_strings = on",
  "SET statement_timeout = 0",
  "SET idle_in_transaction_session_timeout = 0",
].join("; ");

/** See `OpenSql` in the ports. */
export const openSql: OpenSql = (url, at) => ({
  connect: async (database) => {
    const parsed = parseDatabaseUrl(url);
    if (!parsed.ok) return { ok: false, error: { ...parsed.error, sqlState: null } };
    return await connect({ ...parsed.value, ...at, database: database ?? parsed.value.database });
  },
});

async function connect(to: DatabaseUrl): Promise<SqlResult<SqlSession>> {
  const doing = `connect to the database ${to.database} at ${to.host}:${to.port} as ${to.user}`;
  const ways = tlsWays(to);
  for (const [index, tls] of ways.entries()) {
    const opened = await attempt(doing, () => open(to, tls));
    const noTls = !opened.ok && /SSL/.test(opened.error.what);
    if (opened.ok || !noTls || index === ways.length - 1) return opened;
  }
  throw new Error("a mode of TLS without a way");
}

/** libpq's meaning of the modes: `prefer` goes on without TLS where the server has none. */
function tlsWays({ host, sslMode }: DatabaseUrl): readonly ("none" | "unchecked" | "checked")[] {
  if (host.startsWith("/")) return ["none"];
  switch (sslMode) {
    case "disable":
      return ["none"];
    case "allow":
      return ["none", "unchecked"];
    case "prefer":
      return ["unchecked", "none"];
    case "require":
      return ["unchecked"];
    case "verify-ca":
    case "verify-full":
      return ["checked"];
  }
}

async function open(to: DatabaseUrl, tls: "none" | "unchecked" | "checked"): Promise<SqlSession> {
  const ca = to.rootCertificate === null ? {} : { ca: await readFile(to.rootCertificate, "utf8") };
  const named = to.sslMode === "verify-ca" ? { checkServerIdentity: () => undefined } : {};
  const config: ClientConfig = {
    host: to.host,
    port: to.port,
    user: to.user,
    database: to.database,
    password: to.password?.reveal() ?? "",
    ssl: tls === "none" ? false : { rejectUnauthorized: tls === "checked", ...ca, ...named },
    application_name: "lastgood",
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    types: { getTypeParser: () => asText },
  };
  const client = new Client(config);
  client.on("error", () => {}); // a connection that breaks fails the next statement, which says so
  try {
    await client.connect();
    await client.query(setUp);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return sessionOf(client);
}

function asText(value: string | Buffer): string {
  return value.toString();
}

function sessionOf(client: Client): SqlSession {
  const query: SqlSession["query"] = (text, params) =>
    attempt(`run "${short(text)}"`, () => run(client, text, params));
  return {
    pid: Number((client as unknown as { processID: number }).processID),
    query,
    each: (text, params, batch, take) => each(query, { text, params, batch }, take),
    copyOut: (text, take) =>
      attempt(`run "${short(text)}"`, async () => {
        const { query: copy, done } = copyOutQuery(text, take);
        client.query(copy);
        return { count: await done };
      }),
    copyIn: (text, chunks) =>
      attempt(`run "${short(text)}"`, async () => {
        const { query: copy, done } = copyInQuery(text, chunks);
        client.query(copy);
        return { count: await done };
      }),
    close: async () => {
      await client.end().catch(() => undefined);
    },
  };
}

async function run(client: Client, text: string, params?: readonly SqlParam[]): Promise<SqlRows> {
  const all: QueryResult<SqlRow> | QueryResult<SqlRow>[] =
    params === undefined ? await client.query(text) : await client.query(text, [...params]);
  const last = Array.isArray(all) ? all.at(-1) : all;
  return { rows: last?.rows ?? [], count: last?.rowCount ?? 0 };
}

type Wanted = { readonly text: string; readonly params: readonly SqlParam[]; readonly batch: number };

async function each(
  query: SqlSession["query"],
  { text, params, batch }: Wanted,
  take: (rows: readonly SqlRow[]) => void | Promise<void>,
): Promise<SqlResult<{ readonly count: number }>> {
  const declare = () => query(`DECLARE lastgood_each NO SCROLL CURSOR FOR ${text}`, params);
  let declared = await declare();
  const own = !declared.ok && declared.error.sqlState === NO_TRANSACTION;
  if (own) {
    const begun = await query("BEGIN");
    if (!begun.ok) return begun;
    declared = await declare();
  }
  const rollBack = () => (own ? query("ROLLBACK") : undefined);
  if (!declared.ok) {
    await rollBack();
    return declared;
  }
  let count = 0;
  try {
    for (;;) {
      const fetched = await query(`FETCH ${batch} FROM lastgood_each`);
      if (!fetched.ok) return fetched;
      if (fetched.value.rows.length > 0) await take(fetched.value.rows);
      count += fetched.value.rows.length;
      if (fetched.value.rows.length < batch) break;
    }
    return { ok: true, value: { count } };
  } finally {
    if (own) await query("COMMIT");
    else await query("CLOSE lastgood_each");
  }
}

async function attempt<T>(doing: string, work: () => Promise<T>): Promise<SqlResult<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return sqlProblem(error, doing);
  }
}

/** Enough of a statement to know it by; values are never in it, they are parameters. */
function short(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= 80 ? line : `${line.slice(0, 77)}…`;
}
