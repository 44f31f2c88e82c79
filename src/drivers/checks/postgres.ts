// PostgreSQL: connections in use, the longest transaction, who waits for locks. One query by psql.
import { z } from "zod";
import { bad, type Look, span, warn, well } from "../../core/doctor/look.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Secret } from "../../core/secret.ts";
import type { Check } from "../../ports/checkup.ts";
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

const query = `select json_build_object(
 'used', (select count(*) from pg_stat_activity where backend_type = 'client backend'),
 'max', current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
 'longest', (select coalesce(max(extract(epoch from now() - xact_start)), 0) from pg_stat_activity
   where backend_type = 'client backend' and pid <> pg_backend_pid()),
 'waiting', (select count(*) from pg_stat_activity where wait_event_type = 'Lock'),
 'replica', pg_is_in_recovery())`;

const answer = z.object({
  used: z.number(),
  max: z.number(),
  longest: z.number(),
  waiting: z.number(),
  replica: z.boolean(),
});

const reasonLength = 200;
const nearlyFull = 0.9;
const ratherFull = 0.75;
const longMs = 5 * 60_000;

export function postgres(config: PostgresConfig, deps: PostgresDeps): Check {
  const about = config.container ?? `${config.host ?? "socket"}:${config.port}`;
  const next = "lastgood logs postgres";
  return {
    name: "postgres",
    about,
    next,
    async look(signal) {
      const password = await deps.password();
      if (!password.ok) return password;
      const env = {
        PGCONNECT_TIMEOUT: "2",
        PGOPTIONS: "-c statement_timeout=1000",
        PGAPPNAME: "lastgood doctor",
        ...(password.value && { PGPASSWORD: password.value.reveal() }),
      };
      const argv = inside(config.container, argvOf(config), Object.keys(env));
      const asked = await ask(deps.host, argv, signal, env);
      if (!asked.ok) return asked;
      const { exitCode, stdout, stderr } = asked.value;
      if (exitCode !== 0) return problem("failed", reason(stderr), next);
      const read = answer.safeParse(jsonOf(stdout));
      if (!read.success) return problem("failed", "psql's answer was not understood", next);
      return ok([lookAt(about, read.data)]);
    },
  };
}

/** `-w`: never ask for a password; `-X`: nobody's psqlrc. */
function argvOf({ host, port, user, database, container }: PostgresConfig): readonly [string, ...string[]] {
  const to = container === null && host !== null ? ["-h", host] : [];
  return ["psql", "-XAtqw", ...to, "-p", String(port), "-U", user, "-d", database, "-c", query];
}

/** The first line has the cause; the others guess at reasons. */
function reason(said: string): string {
  const fault = said.split("\n").find((line) => /error|FATAL/.test(line)) ?? lastWords(said, "psql");
  return fault.replace(/^psql: (error: )?/, "").slice(0, reasonLength);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function lookAt(about: string, seen: z.infer<typeof answer>): Look {
  const { used, max, waiting } = seen;
  const longestMs = seen.longest * 1_000;
  const data = { used, max, longestMs: Math.round(longestMs), waiting, replica: seen.replica };
  const what = `${used} of ${max} connections${seen.replica ? ", a replica" : ""}`;
  const who = "psql: select pid, state, xact_start, query from pg_stat_activity order by xact_start";
  if (used >= nearlyFull * max) return bad(about, `${what}: hardly any is left`, who, data);
  if (waiting > 0) return warn(about, `${what}; ${waiting} wait for locks`, who, data);
  if (longestMs > longMs)
    return warn(about, `${what}; a transaction is open for ${span(longestMs)}`, who, data);
  if (used >= ratherFull * max) return warn(about, what, who, data);
  return well(about, what, data);
}
