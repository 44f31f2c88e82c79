// A Redis of our own, on a private socket, for as long as it takes to load a snapshot, look into it, and copy from it.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { ProcessRef } from "../../../ports/processes.ts";
import type { RedisLink } from "../../../ports/redis-link.ts";
import type { Context } from "./context.ts";
import { askOne, infoOf } from "./say.ts";

export type Scratch = {
  readonly link: RedisLink;
  readonly major: number;
  /** Where it writes its file to, and where its own was put. */
  readonly file: string;
};

const FOLDER = "scratch-";
/** By it a server is found that outlived whoever started it. */
const VARIABLE = "LASTGOOD_REDIS_SCRATCH";
const LOOK_MS = 20;
const LOAD_MS = 30 * 60_000;
const STOP_MS = 10_000;
const SOCKET_CHARS_MAX = 107;
const LAST_LINES = 4;
/** How a server tells that it does not like a file, in its own words up to the end of the line. */
const BROKEN =
  /(\[offset \d+\]|Wrong RDB checksum|Wrong signature|Short read|Bad file format|Fatal error loading|Internal error in RDB).*/;
/** More than any app numbers. */
const DATABASES = 1_024;

/** `rdb`: what it begins with, a path; null: nothing. Afterwards nothing of it is left. */
export async function withScratch<T>(
  context: Context,
  rdb: string | null,
  signal: AbortSignal,
  work: (scratch: Scratch) => Promise<Result<T>>,
): Promise<Result<T>> {
  const swept = await sweepScratches(context);
  if (!swept.ok) return swept;
  const folder = join(context.config.backupDir, context.ids.fresh(`${FOLDER}redis`));
  context.using.add(folder);
  let own: ProcessRef | null = null;
  try {
    const started = await startIn(context, folder, { rdb, signal });
    if (!started.ok) return started;
    own = started.value.server;
    const { link } = started.value;
    try {
      const info = await infoOf(link);
      if (!info.ok) return info;
      const major = Number.parseInt(info.value["redis_version"] ?? "0", 10);
      return await work({ link, major, file: join(folder, "dump.rdb") });
    } finally {
      link.close();
    }
  } finally {
    // What cannot be taken away takes space alone, and the next one tries again.
    await clear(context, folder, own);
    context.using.delete(folder);
  }
}

type Starting = { readonly rdb: string | null; readonly signal: AbortSignal };
type Started = { readonly server: ProcessRef; readonly link: RedisLink };

/**
 * By its environment a server is found that outlived whoever started it, and a title of its own would be written over that.
 * Redis knows the one setting since 6.2, the other since 7.0; before, it must be asked to end.
 */
const newer = [["set-proc-title no", "enable-debug-command yes"], ["set-proc-title no"], []] as const;

async function startIn(context: Context, folder: string, starting: Starting): Promise<Result<Started>> {
  let started: Result<Started> = problem("failed", "no redis-server was started", "run again");
  for (const more of newer) {
    started = await startAs(context, folder, starting, more);
    if (started.ok || !/'(set-proc-title|enable-debug-command) /.test(started.error.what)) return started;
  }
  return started;
}

async function startAs(
  context: Context,
  folder: string,
  { rdb, signal }: Starting,
  more: readonly string[],
): Promise<Result<Started>> {
  const clean = await context.files.remove(folder); // of an attempt before this one
  if (!clean.ok) return clean;
  const made = await layOut(context, folder, rdb, more);
  if (!made.ok) return made;
  const started = await context.processes.start({
    argv: [context.config.server, join(folder, "redis.conf")],
    cwd: folder,
    env: { ...context.env, [VARIABLE]: folder },
    logFile: join(folder, "log"),
  });
  if (!started.ok) return withoutServer(started.error, context.config.server);
  const link = await untilLoaded(context, folder, started.value, signal);
  if (link.ok) return ok({ server: started.value, link: link.value });
  context.processes.signal(started.value, "SIGKILL");
  return link;
}

function withoutServer({ code, what, next }: { code: string; what: string; next: string }, server: string) {
  if (code !== "missing") return problem("failed", what, next);
  const why = `there is no program ${server} on this machine, and a snapshot is proved by loading it into one`;
  return problem("missing", why, "install redis-server (it need not run), or name it in redis: server");
}

async function layOut(
  context: Context,
  folder: string,
  rdb: string | null,
  more: readonly string[],
): Promise<Result<void>> {
  if (join(folder, "s").length > SOCKET_CHARS_MAX)
    return problem(
      "config",
      `the path ${folder} is too long for a socket in it`,
      "put the state folder elsewhere",
    );
  const written = await context.files.replace(join(folder, "redis.conf"), settings(folder, more), 0o600);
  if (!written.ok) return written;
  return rdb === null ? ok(undefined) : context.files.copy(rdb, join(folder, "dump.rdb"));
}

function settings(folder: string, more: readonly string[]): string {
  return [
    "port 0",
    `unixsocket ${JSON.stringify(join(folder, "s"))}`,
    "unixsocketperm 700",
    `dir ${JSON.stringify(folder)}`,
    "dbfilename dump.rdb",
    'save ""',
    "appendonly no",
    "daemonize no",
    `databases ${DATABASES}`,
    // What is looked at twice must not move in between.
    "activerehashing no",
    ...more,
    "",
  ].join("\n");
}

async function untilLoaded(
  context: Context,
  folder: string,
  started: ProcessRef,
  signal: AbortSignal,
): Promise<Result<RedisLink>> {
  const { clock, dial, processes } = context;
  const until = clock.elapsed() + LOAD_MS;
  for (;;) {
    if (signal.aborted) return problem("cancelled", "called off while a snapshot was loaded", "run again");
    const link = await dial.connect({ address: { path: join(folder, "s") }, user: null, password: null });
    if (link.ok) return link;
    if (!processes.alive(started)) return died(context, folder);
    if (clock.elapsed() >= until) return problem("timeout", "a snapshot did not load in time", "run again");
    await clock.sleep(LOOK_MS, signal);
  }
}

async function died({ files }: Context, folder: string): Promise<Result<never>> {
  const log = await files.read(join(folder, "log"));
  const text = log.ok ? log.value.toString("utf8") : "";
  const version = /Can't handle RDB format version (\d+)/.exec(text)?.[1];
  if (version !== undefined)
    return problem(
      "failed",
      `the redis-server of this machine is older than the store: it does not read RDB version ${version}`,
      "install one of the store's version, and name it in redis: server",
    );
  const broken = BROKEN.exec(text)?.[0];
  if (broken !== undefined)
    return problem(
      "damaged",
      `the snapshot does not load: ${broken}`,
      "choose another: lastgood backup list",
    );
  const said = text.trim().split("\n").slice(-LAST_LINES).join(" ").slice(-400);
  return problem(
    "failed",
    `the scratch redis-server did not start: ${said}`,
    "mend what it says, then run again",
  );
}

/** Of whoever was killed in the middle. */
async function sweepScratches(context: Context): Promise<Result<void>> {
  const names = await context.files.list(context.config.backupDir);
  if (!names.ok) return names;
  for (const name of names.value.filter((one) => one.startsWith(FOLDER))) {
    const folder = join(context.config.backupDir, name);
    if (!context.using.has(folder)) await clear(context, folder);
  }
  return ok(undefined);
}

/** `own`: its server, where we started it. One that we did not is asked to end as well: not all can be found. */
async function clear(context: Context, folder: string, own: ProcessRef | null = null): Promise<void> {
  const { processes, files, clock, dial } = context;
  const until = clock.elapsed() + STOP_MS;
  if (own === null) {
    const link = await dial.connect({ address: { path: join(folder, "s") }, user: null, password: null });
    if (link.ok) {
      await link.value.ask([["SHUTDOWN", "NOSAVE"]]); // it closes the connection instead of an answer
      link.value.close();
    }
  }
  for (const one of [...(own ? [own] : []), ...(await processes.find(VARIABLE, folder))]) {
    processes.signal(one, "SIGKILL");
    while (processes.alive(one) && clock.elapsed() < until) await clock.sleep(LOOK_MS);
  }
  await files.remove(folder);
}

/** Its content becomes its file. */
export async function save({ link }: Scratch): Promise<Result<void>> {
  const saved = await askOne(link, "SAVE");
  return saved.ok ? ok(undefined) : saved;
}
