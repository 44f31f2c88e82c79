// PostgreSQL: connections in use, the longest transaction, who waits for locks.
import { z } from "zod";
import { bad, type Look, span, warn, well } from "../../core/doctor/look.ts";
import { ok } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import { type PostgresConfig, type PostgresDeps, psqlJson } from "./psql.ts";

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
      const read = await psqlJson(config, deps, { query, shape: answer, as: "lastgood doctor", signal });
      if (!read.ok) return read;
      return ok([lookAt(about, read.value)]);
    },
  };
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
