// One query to a PostgreSQL by psql, whose answer is one value of JSON.
import type { z } from "zod";
import { parseJson } from "../../core/json.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Secret } from "../../core/secret.ts";
import type { Host } from "../../ports/host.ts";
import { ask, inside, lastWords } from "./ask.ts";

export type PostgresConfig = {
  readonly host: string | null;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Ask inside this container instead: for a database that is not published. */
  readonly container: string | null;
};

export type PostgresDeps = {
  readonly host: Host;
  /** Read when it is needed; null where none is set. */
  readonly password: () => Promise<Result<Secret | null>>;
};

export type PostgresQuestion<T> = {
  readonly query: string;
  readonly shape: z.ZodType<T>;
  /** What the database is told who asks. */
  readonly as: string;
  readonly signal: AbortSignal;
};

const reasonLength = 200;
const next = "lastgood logs postgres";

/** The server is left alone after two seconds to connect and one to answer. */
export async function psqlJson<T>(
  config: PostgresConfig,
  deps: PostgresDeps,
  { query, shape, as, signal }: PostgresQuestion<T>,
): Promise<Result<T>> {
  const password = await deps.password();
  if (!password.ok) return password;
  const env = {
    PGCONNECT_TIMEOUT: "2",
    PGOPTIONS: "-c statement_timeout=1000",
    PGAPPNAME: as,
    ...(password.value && { PGPASSWORD: password.value.reveal() }),
  };
  const argv = inside(config.container, argvOf(config, query), Object.keys(env));
  const asked = await ask(deps.host, argv, signal, env);
  if (!asked.ok) return asked;
  const { exitCode, stdout, stderr } = asked.value;
  if (exitCode !== 0) return problem("failed", reason(stderr), next);
  const read = shape.safeParse(parseJson(stdout));
  return read.success ? ok(read.data) : problem("failed", "psql's answer was not understood", next);
}

/** `-w`: never ask for a password; `-X`: nobody's psqlrc. */
function argvOf(
  { host, port, user, database, container }: PostgresConfig,
  query: string,
): readonly [string, ...string[]] {
  const to = container === null && host !== null ? ["-h", host] : [];
  return ["psql", "-XAtqw", ...to, "-p", String(port), "-U", user, "-d", database, "-c", query];
}

/** The first line has the cause; the others guess at reasons. */
function reason(said: string): string {
  const fault = said.split("\n").find((line) => /error|FATAL/.test(line)) ?? lastWords(said, "psql");
  return fault.replace(/^psql: (error: )?/, "").slice(0, reasonLength);
}
