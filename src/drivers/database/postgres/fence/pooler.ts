// A pgbouncer in front: clients wait in it during the exchange, and it forgets its connections to the old database.
import { parseDatabaseUrl } from "../../../../core/database-url.ts";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Context } from "../context.ts";
import { quoteName } from "../names.ts";
import type { RestoreOptions } from "../restore/options.ts";

/** PAUSE waits until every transaction has ended; longer than this nobody waits for one. */
const PAUSE_MS = 2_000;
const SAY_MS = 10_000;

/**
 * Without a pause, a client that comes during the fence makes pgbouncer turn everybody away for `server_login_retry`
 * (15 s). Returns what lets clients go on: it never fails, because nobody could do anything about it.
 */
export async function holdPooler(
  context: Context,
  { pooler }: RestoreOptions,
): Promise<Result<() => Promise<void>>> {
  if (pooler === null) return ok(async () => {});
  const database = quoteName(pooler.database);
  const letGo = async () => {
    await say(context, pooler, `RECONNECT ${database}`, SAY_MS);
    await say(context, pooler, `RESUME ${database}`, SAY_MS);
  };
  const paused = await say(context, pooler, `PAUSE ${database}`, PAUSE_MS);
  if (paused.ok || paused.error.code === "timeout") return ok(letGo);
  await letGo();
  return paused;
}

/** By psql, because the console takes simple commands only, and refuses what other clients say when they connect. */
async function say(
  { host }: Context,
  { url }: NonNullable<RestoreOptions["pooler"]>,
  command: string,
  timeoutMs: number,
): Promise<Result<void>> {
  const to = parseDatabaseUrl(url);
  if (!to.ok) return to;
  const { user, password, port, sslMode, database } = to.value;
  const env = {
    PGHOST: to.value.host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGSSLMODE: sslMode,
    ...(password === null ? {} : { PGPASSWORD: password.reveal() }),
  };
  const argv = ["psql", "-XqAtw", "-c", command] as const;
  const ended = await host.run({ argv, effect: "write", op: null, timeoutMs, env });
  if (!ended.ok) return ended;
  const { exitCode, timedOut, stderr } = ended.value;
  if (exitCode === 0) return ok(undefined);
  return problem(
    timedOut ? "timeout" : "failed",
    `pgbouncer did not do "${command}": ${timedOut ? "it took too long" : stderr.trim()}`,
    "check the URL of its admin console, and that its user is in admin_users",
    to.value.host,
  );
}
