// Who has a database open: sessions are ended, and those that stand in the way for good are told by name.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { SqlRow, SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { rowsOf } from "../rows.ts";

/** A session that was told to end does so within milliseconds; one that rolls back much work needs longer. */
const END_MS = 5_000;
const LOOK_EVERY_MS = 5;
/** An app with a pool is back within this time; one that was stopped is not. */
const COME_BACK_MS = 300;
const NAMED_MAX = 5;

export type Visitor = {
  readonly pid: string;
  /** Null for the server's own housekeeping, which gives way to an exchange by itself. */
  readonly role: string | null;
  readonly application: string;
  /** IP address, or `this machine`. */
  readonly from: string;
  /** `client backend`, or the name of an extension's worker. */
  readonly kind: string;
};

/** Sessions in these databases but our own; those of the server's own housekeeping too. */
export async function visitors(
  session: SqlSession,
  databases: readonly string[],
): Promise<Result<readonly Visitor[]>> {
  const found = await rowsOf(
    session,
    `SELECT pid, usename, application_name, host(client_addr) AS client, backend_type FROM pg_stat_activity
      WHERE datname = ANY($1) AND pid <> pg_backend_pid() ORDER BY backend_start`,
    [databases],
  );
  return found.ok ? ok(found.value.map(visitorOf)) : found;
}

/**
 * What no ending of sessions takes away: two-phase transactions, and consumers of logical slots, which would go on
 * with the database that is put aside. Asked before anything is stopped.
 */
export async function obstacles(session: SqlSession, database: string): Promise<Result<void>> {
  const prepared = await rowsOf(
    session,
    "SELECT format('%s of role %s, since %s', gid, owner, prepared) AS name FROM pg_prepared_xacts WHERE database = $1",
    [database],
  );
  if (!prepared.ok) return prepared;
  const slots = await rowsOf(
    session,
    `SELECT format('%s (%s)', slot_name, plugin) AS name FROM pg_replication_slots
      WHERE database = $1 AND active`,
    [database],
  );
  if (!slots.ok) return slots;
  if (prepared.value.length > 0)
    return problem(
      "busy",
      `${database} has prepared transactions, which hold it: ${names(prepared.value)}`,
      "end each with COMMIT PREPARED or ROLLBACK PREPARED, then run again",
      database,
    );
  if (slots.value.length > 0)
    return problem(
      "busy",
      `replication slots of ${database} are in use, and would go on with the database that is put aside: ${names(slots.value)}`,
      "stop their consumers, then run again; slots stay with the database that is kept",
      database,
    );
  return ok(undefined);
}

/** Until nobody is left. `busy` with the names of those who stay. */
export async function endSessions(
  context: Context,
  session: SqlSession,
  databases: readonly string[],
): Promise<Result<void>> {
  const until = context.clock.elapsed() + END_MS;
  while (true) {
    const found = await visitors(session, databases);
    if (!found.ok) return found;
    const staying = found.value.filter(({ role }) => role !== null);
    if (staying.length === 0) return ok(undefined);
    if (context.clock.elapsed() >= until) return inUse(context, staying, "did not end when told to");
    const told = await session.query("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid", [
      staying.map(({ pid }) => pid),
    ]);
    if (!told.ok) return mayNotEnd(context, staying, told.error.what);
    await context.clock.sleep(LOOK_EVERY_MS);
  }
}

/**
 * Is its app really stopped? What is idle is ended; whoever comes back by himself is not stopped: `busy`, and nothing
 * is changed.
 */
export async function expectStill(context: Context, session: SqlSession): Promise<Result<void>> {
  const ended = await endSessions(context, session, [context.database]);
  if (!ended.ok) return ended;
  const until = context.clock.elapsed() + COME_BACK_MS;
  while (context.clock.elapsed() < until) {
    const found = await visitors(session, [context.database]);
    if (!found.ok) return found;
    const back = found.value.filter(({ role }) => role !== null);
    if (back.length > 0) return inUse(context, back, "came back after its sessions were ended");
    await context.clock.sleep(LOOK_EVERY_MS);
  }
  return ok(undefined);
}

function inUse(context: Context, found: readonly Visitor[], how: string): Result<never> {
  return problem(
    "busy",
    `${context.database} is in use: ${told(found)} ${how}`,
    "stop what uses the database, then run again",
    context.database,
  );
}

function mayNotEnd(context: Context, found: readonly Visitor[], why: string): Result<never> {
  return problem(
    "refused",
    `sessions in ${context.database} can't be ended (${why}): ${told(found)}`,
    "end them by hand, or give the role pg_signal_backend; sessions of superusers only a superuser ends",
    context.database,
  );
}

/** `web as app from 10.0.0.3 (2 sessions)`. */
function told(found: readonly Visitor[]): string {
  const count = new Map<string, number>();
  for (const { application, role, from, kind, pid } of found) {
    const who =
      kind === "client backend" ? `${application || `process ${pid}`} as ${role} from ${from}` : kind;
    count.set(who, (count.get(who) ?? 0) + 1);
  }
  const all = [...count].map(([who, times]) => (times > 1 ? `${who} (${times} sessions)` : who));
  const shown = all.slice(0, NAMED_MAX).join(", ");
  return all.length > NAMED_MAX ? `${shown} and ${all.length - NAMED_MAX} more` : shown;
}

function visitorOf(row: SqlRow): Visitor {
  return {
    pid: row["pid"] ?? "0",
    role: row["usename"] ?? null,
    application: row["application_name"] ?? "",
    from: row["client"] ?? "this machine",
    kind: row["backend_type"] ?? "client backend", // hidden from roles that may not see it
  };
}

function names(found: readonly SqlRow[]): string {
  return found.map((row) => row["name"]).join("; ");
}
