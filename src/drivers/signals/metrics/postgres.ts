// Values of a PostgreSQL: connections in use, who waits for locks, queries that take long, deadlocks.
import { z } from "zod";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Signals } from "../../../ports/signals.ts";
import type { SqlClient } from "../../../ports/sql.ts";
import { type PostgresConfig, type PostgresDeps, psqlJson } from "../../checks/psql.ts";
import { type Measured, metricsSignals } from "./metrics.ts";
import { perMinute } from "./rate.ts";

export type PostgresLimits = {
  /** Share of the connections that an app may use. */
  readonly connections: number;
  /** Sessions that wait longer than five seconds for a lock. */
  readonly lockWaits: number;
  /** Queries that run for longer than this: s. */
  readonly slowAfterS: number;
  readonly slowQueries: number;
  /** Deadlocks a minute. */
  readonly deadlocks: number;
};

export type PostgresMetrics = PostgresConfig & {
  readonly intervalMs: number;
  readonly limits: PostgresLimits;
};

/** A backup copies for as long as it takes, and that is no slow query. */
const query = (slowAfterS: number) => `select json_build_object(
 'used', (select count(*) from pg_stat_activity where backend_type = 'client backend'),
 'max', current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
 'waiting', (select count(*) from pg_stat_activity
   where wait_event_type = 'Lock' and query_start < now() - interval '5 seconds'),
 'slow', (select count(*) from pg_stat_activity
   where backend_type = 'client backend' and state = 'active' and pid <> pg_backend_pid()
   and query_start < now() - make_interval(secs => ${slowAfterS}) and query not ilike 'copy %'),
 'deadlocks', (select coalesce(sum(deadlocks), 0) from pg_stat_database))`;

const answer = z.object({
  used: z.number(),
  max: z.number(),
  waiting: z.number(),
  slow: z.number(),
  deadlocks: z.number(),
});

type Seen = z.infer<typeof answer>;
type Looking = {
  readonly intervalMs: number;
  readonly limits: PostgresLimits;
  ask(query: string): Promise<Result<Seen>>;
};

/** Asked by psql, as the user of the checks. */
export function postgresSignals(
  config: PostgresMetrics,
  { clock, ...deps }: PostgresDeps & { readonly clock: Clock },
): Signals {
  const question = { shape: answer, as: "lastgood signals", signal: new AbortController().signal };
  const ask = (query: string) => psqlJson(config, deps, { ...question, query });
  return looking({ ...config, ask }, clock);
}

/** Asked as the app's own role, which sees the queries of the app. */
export function postgresSqlSignals(
  config: Pick<PostgresMetrics, "intervalMs" | "limits">,
  { sql, clock }: { readonly sql: SqlClient; readonly clock: Clock },
): Signals {
  return looking({ ...config, ask: (query) => asked(sql, query) }, clock);
}

async function asked(sql: SqlClient, query: string): Promise<Result<Seen>> {
  const session = await sql.connect();
  if (!session.ok) return session;
  const said = await session.value.query(`SET statement_timeout = '1s'; ${query}`);
  await session.value.close();
  if (!said.ok) return said;
  const read = answer.safeParse(JSON.parse(Object.values(said.value.rows[0] ?? {})[0] ?? "null"));
  return read.success
    ? ok(read.data)
    : problem("failed", "PostgreSQL's answer was not understood", "lastgood doctor");
}

function looking({ intervalMs, limits, ask }: Looking, clock: Clock): Signals {
  const deadlocksAMinute = perMinute();
  return metricsSignals(
    {
      name: "metrics:postgres",
      dependency: "postgres",
      intervalMs,
      async measure() {
        const read = await ask(query(limits.slowAfterS));
        if (!read.ok) return read;
        const deadlocks = deadlocksAMinute(read.value.deadlocks, clock.elapsed());
        return ok({ values: valuesOf(read.value, deadlocks, limits), missing: [] });
      },
    },
    clock,
  );
}

function valuesOf(seen: Seen, deadlocks: number | null, limits: PostgresLimits): readonly Measured[] {
  const value = (subject: string, value: number, unit: string, above: number): Measured => ({
    subject: `postgres ${subject}`,
    value,
    unit,
    limit: { above },
  });
  return [
    value("connections", seen.used / Math.max(1, seen.max), "share", limits.connections),
    value("lock waits", seen.waiting, "", limits.lockWaits),
    value("slow queries", seen.slow, "", limits.slowQueries),
    ...(deadlocks === null ? [] : [value("deadlocks a minute", deadlocks, "", limits.deadlocks)]),
  ];
}
