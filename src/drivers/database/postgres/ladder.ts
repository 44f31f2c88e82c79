// The ways to keep a restore point, from fast to slow: each is probed, and said why it is taken or not.
import { ok, type Result } from "../../../core/result.ts";
import type { SqlRow, SqlSession } from "../../../ports/sql.ts";
import type { Context } from "./context.ts";
import { rowsOf } from "./rows.ts";

export type Rung = { readonly way: string; readonly chosen: boolean; readonly why: string };

export type Ladder = {
  readonly rungs: readonly Rung[];
  /** The name of the point that WAL archives know; null where there is none. */
  readonly restorePoint: string | null;
};

const PROBE = `SELECT
  (SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()
     AND backend_type = 'client backend') AS connected,
  (SELECT count(*) FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', $1)) AS others,
  pg_size_pretty(pg_database_size($1)) AS size,
  current_setting('archive_mode') AS archive, pg_is_in_recovery() AS standby,
  (SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user) AS may_create,
  has_function_privilege('pg_create_restore_point(text)', 'EXECUTE') AS may_mark,
  (SELECT last_archived_time > coalesce(last_failed_time, '-infinity') FROM pg_stat_archiver) AS archived`;

/** Sets the named point where it can; it takes a moment before the snapshot that the dump has. */
export async function explainLadder(
  context: Context,
  session: SqlSession,
  name: string,
): Promise<Result<Ladder>> {
  const probed = await rowsOf(session, PROBE, [context.database]);
  if (!probed.ok) return probed;
  const row = probed.value[0] ?? {};
  const pitr = pitrRung(row);
  let restorePoint: string | null = null;
  if (pitr.chosen) {
    const marked = await session.query("SELECT pg_create_restore_point($1)", [name]);
    if (!marked.ok) return marked;
    restorePoint = name;
  }
  return ok({ rungs: [reflinkRung(context, row), templateRung(row), dumpRung, pitr], restorePoint });
}

const dumpRung: Rung = {
  way: "dump",
  chosen: true,
  why: "always taken: it needs no pause, holds this one database, and can leave the machine",
};

/** A copy of the cluster's folder needs the server to stop or a backup mode, and takes all its databases along. */
function reflinkRung({ config }: Context, row: SqlRow): Rung {
  const way = "reflink";
  if (config.container !== null)
    return { way, chosen: false, why: "the server's folder lies in its container's volume, not with us" };
  const others = Number(row["others"]);
  if (others > 0)
    return {
      way,
      chosen: false,
      why: `the server holds ${others} other database${others === 1 ? "" : "s"}, which would go back too`,
    };
  return { way, chosen: false, why: "it would copy the whole server, and needs its folder on XFS or btrfs" };
}

function templateRung(row: SqlRow): Rung {
  const way = "template copy";
  if (row["may_create"] !== "t")
    return { way, chosen: false, why: "the role may not create databases: name one that may in adminUrl" };
  const connected = Number(row["connected"]);
  if (connected > 0)
    return {
      way,
      chosen: false,
      why: `${connected} session${connected === 1 ? " is" : "s are"} connected, and a copy of ${row["size"]} needs none`,
    };
  return {
    way,
    chosen: false,
    why: "nobody is held for it: a copy keeps new sessions waiting until it ends",
  };
}

function pitrRung(row: SqlRow): Rung {
  const way = "point in time";
  if (row["standby"] === "t") return { way, chosen: false, why: "the server is a standby" };
  if (row["archive"] === "off")
    return { way, chosen: false, why: "the server archives no WAL (archive_mode is off)" };
  if (row["may_mark"] !== "t")
    return { way, chosen: false, why: "the role may not name restore points: name one that may in adminUrl" };
  if (row["archived"] !== "t")
    return { way, chosen: false, why: "the server's archiver fails, or has archived nothing yet" };
  return { way, chosen: true, why: "the server archives its WAL: the moment has a name there" };
}
