import type { Problem, Result } from "../core/result.ts";
import type { Secret } from "../core/secret.ts";

/** `sqlState` is the five characters of the server (`3D000`: no such database); null where no server spoke. */
export type SqlProblem = Problem & { readonly sqlState: string | null };
export type SqlResult<T> = Result<T, SqlProblem>;

/** Every value is the text that PostgreSQL writes for it (`t`, `42`, `{a,b}`), so that none loses digits or zones. */
export type SqlRow = Readonly<Record<string, string | null>>;
export type SqlParam = string | number | boolean | null | readonly string[];

export type SqlRows = {
  readonly rows: readonly SqlRow[];
  /** Rows returned or changed; 0 where a statement has none. */
  readonly count: number;
};

/** One connection. Statements run one after the other; a failed one leaves the session usable (ROLLBACK is yours). */
export interface SqlSession {
  /** The backend's pid on the server. */
  readonly pid: number;
  /** One statement with `$1` parameters, or several without any (then the rows are those of the last). */
  query(text: string, params?: readonly SqlParam[]): Promise<SqlResult<SqlRows>>;
  /**
   * The rows of a SELECT through a cursor, `batch` at a time; memory holds one batch. Opens a transaction of its own
   * unless one is open. What `take` throws ends it and is thrown on.
   */
  each(
    text: string,
    params: readonly SqlParam[],
    batch: number,
    take: (rows: readonly SqlRow[]) => void | Promise<void>,
  ): Promise<SqlResult<{ readonly count: number }>>;
  /** `COPY … TO STDOUT`: chunks as they come, not cut at rows. The server waits while `take` does. */
  copyOut(
    text: string,
    take: (chunk: Uint8Array) => void | Promise<void>,
  ): Promise<SqlResult<{ readonly count: number }>>;
  /** `COPY … FROM STDIN`. What the chunks throw makes the server give the copy up, and is thrown on. */
  copyIn(text: string, chunks: AsyncIterable<Uint8Array>): Promise<SqlResult<{ readonly count: number }>>;
  /** Never fails; an open transaction is rolled back by the server. */
  close(): Promise<void>;
}

/** One server as one role. */
export interface SqlClient {
  /**
   * To the database of the URL, or to another one of the same server. Failures: `unreachable` (also of a server that
   * starts or ends), `refused` (password, rights), `missing` (no such database), `busy` (no connection left), `failed`.
   */
  connect(database?: string): Promise<SqlResult<SqlSession>>;
}

export type SqlAddress = { readonly host: string; readonly port: number };

/**
 * `url` is a `postgres://` URL as apps have it, with libpq's `sslmode` and `host` in the query.
 * `at` takes the place of host and port of the URL, for servers that have another name where the app runs.
 */
export type OpenSql = (url: Secret, at?: SqlAddress) => SqlClient;
