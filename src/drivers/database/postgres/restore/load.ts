// Fills an empty database from the files of a backup. The first error ends it: half a database is none.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Op } from "../../../../ports/op.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { bytesOfDatabase, told } from "../progress.ts";
import { rowsOf } from "../rows.ts";
import { calledOff } from "../swap/exchange.ts";
import type { RestoreOptions } from "./options.ts";

/** Only the owner of an extension may comment on it, and that is whoever installed it on the server. */
const NOT_OURS = / COMMENT - EXTENSION /;
const LIST_MS = 60_000;

export type Load = {
  readonly op: Op;
  /** The database to fill. */
  readonly into: string;
  /** What pg_restore reads: a folder, or a file of its own format. */
  readonly from: string;
  readonly options: RestoreOptions;
  /** How large the database was; absent where nobody knows. */
  readonly bytes?: number;
};

export async function load(context: Context, session: SqlSession, wanted: Load): Promise<Result<void>> {
  const { op, into, from, options, bytes = null } = wanted;
  const list = await listFor(context, session, wanted);
  if (!list.ok) return list;
  const args = [
    "--exit-on-error",
    "--no-password",
    `--jobs=${options.jobs}`,
    `--dbname=${into}`,
    ...(list.value === null ? [] : ["--use-list=/dev/stdin"]),
    from,
  ];
  const call = {
    args,
    database: into,
    as: "admin",
    effect: "write",
    op: op.id,
    timeoutMs: options.timeoutMs,
    folder: from,
    ...(list.value === null ? {} : { stdin: list.value }),
  } as const;
  const running = context.tools.run("pg_restore", call, op.signal);
  const work = { what: `loading ${into}`, total: bytes, done: () => bytesOfDatabase(context, into) };
  const ended = await told(context, work, running);
  if (!ended.ok) return ended;
  const { exitCode, cancelled, timedOut, stderr } = ended.value;
  if (cancelled || op.signal.aborted) return calledOff();
  if (exitCode === 0) return ok(undefined);
  const how = timedOut ? "took too long" : exitCode === null ? "was ended from outside" : "gave up";
  return problem(
    isFull(stderr) ? "no-space" : "damaged",
    `pg_restore ${how} while it restored ${from} beside the database: ${lastWords(stderr)}`,
    "nothing was changed; choose another backup: lastgood backup list",
    from,
  );
}

/** Null: all of it. */
async function listFor(
  context: Context,
  session: SqlSession,
  { into, from }: Load,
): Promise<Result<string | null>> {
  const me = await rowsOf(session, "SELECT 1 AS one FROM pg_roles WHERE rolname = current_user AND rolsuper");
  if (!me.ok) return me;
  if (me.value.length > 0) return ok(null);
  const call = { args: ["--list", from], database: into, as: "admin", effect: "read", op: null } as const;
  const listed = await context.tools.run("pg_restore", { ...call, timeoutMs: LIST_MS, folder: from });
  if (!listed.ok) return listed;
  const lines = listed.value.stdout.split("\n");
  if (listed.value.truncated || !lines.some((line) => NOT_OURS.test(line))) return ok(null);
  return ok(lines.filter((line) => !NOT_OURS.test(line)).join("\n"));
}

function isFull(said: string): boolean {
  return /No space left on device|could not extend file/.test(said);
}

function lastWords(said: string): string {
  return said.trim().split("\n").slice(-3).join(" ").slice(-500);
}
