// A copy of the server as it was at a moment: restored to a new folder, started on a private socket, archiving off.
import { join } from "node:path";
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import { type Secret, secret } from "../../../core/secret.ts";
import type { Op } from "../../../ports/op.ts";
import type { ProcessRef } from "../../../ports/processes.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import type { Context } from "../postgres/context.ts";
import { openContext } from "../postgres/open.ts";
import { told } from "../postgres/progress.ts";
import { roomFor } from "../postgres/room.ts";
import { inSession, oneValue, rowsOf } from "../postgres/rows.ts";
import { type Archive, runAsOwner } from "./archive.ts";
import { backrest } from "./backrest.ts";
import { scratchApart, tablespacesApart } from "./live-folder.ts";
import type { Target } from "./moment.ts";
import { type Purpose, type ScratchFolder, withScratchFolder } from "./scratch-folder.ts";
import { serverSettings } from "./scratch-settings.ts";
import { programOf } from "./server-programs.ts";

export type ScratchServer = {
  /** Of the database as it was; its own server, the same folder of backups. */
  readonly context: Context;
  /** The oldest transaction that was open at the moment; null where it could not be told. */
  readonly openSince: string | null;
};

const RESTORE_MS = 24 * 3_600_000;
const REPLAY_MS = 24 * 3_600_000;
const LOOK_MS = 100;
/** Every server has it, also while the one that is wanted is not made yet. */
const DESK = "template1";
const PORT = 5432;
const LAST_LINES = 5;
const SOCKET_CHARS_MAX = 107;
const TOO_SHORT = /recovery ended before configured recovery target was reached/;

/** `work` is called when the database can be read and written; afterwards nothing of the server is left. */
export function withScratchServer<T>(
  archive: Archive,
  purpose: Purpose,
  target: Target,
  signal: AbortSignal,
  work: (server: ScratchServer) => Promise<Result<T>>,
): Promise<Result<T>> {
  return withScratchFolder(archive, purpose, async (folder) => {
    const filled = target.clone
      ? await target.clone.fill(folder, signal)
      : await outOfArchive(archive, folder, target, signal);
    if (!filled.ok) return filled;
    const context = await contextOf(archive, folder);
    if (!context.ok) return context;
    const started = await start(archive, folder);
    if (!started.ok) return started;
    const server = await untilThere(archive, {
      context: context.value,
      folder,
      started: started.value,
      target,
      signal,
    });
    return server.ok ? work(server.value) : server;
  });
}

async function outOfArchive(
  archive: Archive,
  folder: ScratchFolder,
  target: Target,
  signal: AbortSignal,
): Promise<Result<void>> {
  const apart = await scratchApart(archive);
  if (!apart.ok) return apart;
  const restored = await restoreTo(archive, folder, target, signal);
  return restored.ok ? tablespacesApart(archive, folder) : restored;
}

async function restoreTo(
  archive: Archive,
  folder: ScratchFolder,
  { set, args }: Target,
  signal: AbortSignal,
): Promise<Result<void>> {
  const { scratch } = archive.config;
  assert(folder.data.startsWith(`${scratch}/`), "a copy of the server is restored into the scratch folder");
  if (join(folder.run, `.s.PGSQL.${PORT}`).length > SOCKET_CHARS_MAX)
    return problem("config", `the path ${scratch} is too long for a socket in it`, "name a shorter one");
  const room = await roomFor(archive.context, scratch, set.restoredBytes, "a copy of the whole server");
  if (!room.ok) return room;
  const op: Pick<Op, "id" | "signal"> = { id: folder.token, signal };
  const restoring = backrest(
    archive,
    [
      "restore",
      `--pg1-path=${folder.data}`,
      `--set=${set.id}`,
      "--archive-mode=off",
      "--target-action=pause",
      `--tablespace-map-all=${folder.tablespaces}`,
      ...args,
    ],
    { effect: "write", op, timeoutMs: RESTORE_MS },
  );
  const work = { what: `restoring ${set.id} beside the server`, total: set.restoredBytes };
  const restored = await told(
    archive.context,
    { ...work, done: () => bytesUnder(archive, folder) },
    restoring,
  );
  return restored.ok ? ok(undefined) : restored;
}

async function bytesUnder(archive: Archive, { data, tablespaces }: ScratchFolder): Promise<number | null> {
  const argv = ["du", "-scb", data, tablespaces];
  const asked = await runAsOwner(archive, argv, { effect: "read", op: null });
  // It ends with 1 where a file went away meanwhile, or there are no tablespaces: the sum is there all the same.
  const sum = asked.ok ? Number(/^(\d+)\ttotal$/m.exec(asked.value.stdout)?.[1]) : Number.NaN;
  return Number.isFinite(sum) ? sum : null;
}

/** As the server's first role, which every server has; nobody but the server's user and root reaches the socket. */
async function contextOf({ context }: Archive, { run }: ScratchFolder): Promise<Result<Context>> {
  const asked = await inSession(context.admin, undefined, (session) =>
    oneValue(session, "SELECT rolname FROM pg_roles WHERE oid = 10"),
  );
  const role = asked.ok ? (asked.value ?? "postgres") : "postgres"; // the live server may be what is broken
  const parts = [role, context.database, run].map(encodeURIComponent);
  const url: Secret = secret(`postgres://${parts[0]}@localhost:${PORT}/${parts[1]}?host=${parts[2]}`);
  const config = { ...context.config, url, adminUrl: null, container: null };
  return openContext(config, context);
}

async function start(archive: Archive, folder: ScratchFolder): Promise<Result<ProcessRef>> {
  const { files } = archive.context;
  const control = (await programOf(archive, folder.data, "pg_controldata")) ?? "pg_controldata";
  const told = await runAsOwner(archive, [control, "-D", folder.data], { effect: "read", op: null });
  if (!told.ok) return told;
  const { settings, access } = serverSettings(folder, told.value.stdout, PORT);
  const own: readonly (readonly [string, string])[] = [
    [join(folder.path, "postgresql.conf"), ""],
    [join(folder.path, "pg_hba.conf"), access],
    [join(folder.path, "pg_ident.conf"), ""],
  ];
  for (const [path, text] of own) {
    const written = await files.replace(path, text, 0o644);
    if (!written.ok) return written;
  }
  const program = (await programOf(archive, folder.data, "postgres")) ?? "postgres";
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const argv = await archive.asOwner([program, "-D", folder.data, ...options]);
  if (!argv.ok) return argv;
  const env = { ...archive.env, LASTGOOD_OP: folder.token };
  return archive.processes.start({ argv: argv.value, cwd: "/", env, logFile: folder.log });
}

type Starting = {
  readonly context: Context;
  readonly folder: ScratchFolder;
  readonly started: ProcessRef;
  readonly target: Target;
  readonly signal: AbortSignal;
};

/** It stops at the moment and waits: then it is asked who was writing, and let go to be a server of its own. */
async function untilThere(archive: Archive, starting: Starting): Promise<Result<ScratchServer>> {
  const { clock } = archive.context;
  const { context, started, signal } = starting;
  const until = clock.elapsed() + REPLAY_MS;
  let openSince: string | null = null;
  for (;;) {
    if (signal.aborted)
      return problem("cancelled", "called off while WAL was replayed", "run again if it is still wanted");
    const looked = await inSession(context.app, DESK, lookAndResume);
    if (looked.ok && looked.value.openSince !== null) openSince = looked.value.openSince;
    if (looked.ok && looked.value.there) return withDatabase(starting, openSince);
    if (!archive.processes.alive(started)) return died(archive, starting);
    if (clock.elapsed() >= until)
      return problem("timeout", "the replay of WAL did not end", "look at the archive");
    await clock.sleep(LOOK_MS, signal);
  }
}

type Replaying = { readonly there: boolean; readonly openSince: string | null };

async function lookAndResume(session: SqlSession): Promise<Result<Replaying>> {
  const asked = await rowsOf(
    session,
    `SELECT pg_is_in_recovery() AS replaying,
       CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END AS paused,
       pg_snapshot_xmin(pg_current_snapshot()) AS xmin`,
  );
  if (!asked.ok) return asked;
  const row = asked.value[0] ?? {};
  if (row["paused"] !== "t") return ok({ there: row["replaying"] === "f", openSince: null });
  const resumed = await session.query("SELECT pg_wal_replay_resume()");
  return resumed.ok ? ok({ there: false, openSince: row["xmin"] ?? null }) : resumed;
}

async function withDatabase(
  { context, target }: Starting,
  openSince: string | null,
): Promise<Result<ScratchServer>> {
  const there = await inSession(context.app, undefined, async () => ok(undefined));
  if (there.ok) return ok({ context, openSince });
  if (there.error.code !== "missing") return there;
  return problem(
    "missing",
    `the server had no database ${context.database} at ${target.words}`,
    "say a later moment",
    context.database,
  );
}

async function died({ context, config }: Archive, { folder, target }: Starting): Promise<Result<never>> {
  const log = await context.files.read(folder.log);
  const text = log.ok ? log.value.toString("utf8") : "";
  if (TOO_SHORT.test(text))
    return problem(
      "missing",
      `the archive of ${config.stanza} ends before ${target.words}`,
      "say an earlier moment: lastgood backup list shows the points",
      config.stanza,
    );
  const lines = text.split("\n").filter((line) => /FATAL|PANIC|ERROR|HINT/.test(line));
  const said = lines.slice(-LAST_LINES).join(" ").slice(-500);
  return problem(
    "failed",
    `the copy of the server did not start: ${said}`,
    "mend what it says, then run again",
  );
}
