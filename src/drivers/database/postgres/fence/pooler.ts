// A pgbouncer in front: clients wait in it during the exchange, and it forgets its connections to the old database.
import { join } from "node:path";
import { parseDatabaseUrl } from "../../../../core/database-url.ts";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Context } from "../context.ts";
import { quoteName } from "../names.ts";
import { optionsOf, type RestoreOptions } from "../restore/options.ts";

/** PAUSE waits until every transaction has ended; longer than this nobody waits for one. */
const PAUSE_MS = 2_000;
const SAY_MS = 10_000;

type Pooler = NonNullable<RestoreOptions["pooler"]>;

/**
 * Without a pause, a client that comes during the fence makes pgbouncer turn everybody away for `server_login_retry`
 * (15 s). Returns what lets clients go on: it never fails, because nobody could do anything about it.
 * A note lies there while it is paused: who dies meanwhile leaves an app that waits for ever, and nothing else shows it.
 */
export async function holdPooler(
  context: Context,
  { pooler }: RestoreOptions,
): Promise<Result<() => Promise<void>>> {
  if (pooler === null) return ok(async () => {});
  const noted = await context.files.replace(notePath(context), `${pooler.database}\n`, 0o600);
  if (!noted.ok) return noted;
  const letGo = () => resume(context, pooler);
  const paused = await say(context, pooler, `PAUSE ${quoteName(pooler.database)}`, PAUSE_MS);
  if (paused.ok || paused.error.code === "timeout") return ok(letGo);
  await letGo();
  return paused;
}

/** Does a note say that clients are held? */
export async function poolerWaits(context: Context): Promise<Result<boolean>> {
  const noted = await context.files.stat(notePath(context));
  return noted.ok ? ok(noted.value !== null) : noted;
}

/** Lets clients go on whom a dead controller left waiting. Whoever calls has the lock of the exchange. */
export async function letPoolerGo(context: Context): Promise<Result<void>> {
  const { pooler } = optionsOf(context);
  const waits = await poolerWaits(context);
  if (!waits.ok) return waits;
  if (waits.value && pooler !== null) await resume(context, pooler);
  return ok(undefined);
}

/** A pooler that does not answer is asked again by whoever comes next: the note stays. */
async function resume(context: Context, pooler: Pooler): Promise<void> {
  const database = quoteName(pooler.database);
  await say(context, pooler, `RECONNECT ${database}`, SAY_MS);
  await say(context, pooler, `RESUME ${database}`, SAY_MS);
  const answers = await say(context, pooler, "SHOW VERSION", SAY_MS);
  if (answers.ok) await context.files.remove(notePath(context));
}

function notePath({ config }: Context): string {
  return join(config.backupDir, ".pooler-paused");
}

/** By psql, because the console takes simple commands only, and refuses what other clients say when they connect. */
async function say(
  { host }: Context,
  { url }: Pooler,
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
