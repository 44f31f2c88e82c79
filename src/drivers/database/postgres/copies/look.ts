// Whether a template copy could be taken now, and surely ends while requests may wait: else why not.
import { size, span } from "../../../../core/doctor/look.ts";
import { ok, type Result } from "../../../../core/result.ts";
import type { Rung } from "../../../../ports/database.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { obstacles } from "../fence/sessions.ts";
import { rowsOf } from "../rows.ts";
import { copyMs, readMeasured } from "./measured.ts";
import { lacksRoom } from "./room.ts";

export const templateWay = "template copy";

const PROBE = `SELECT pg_database_size(d.oid) AS bytes, pg_is_in_recovery() AS standby,
  r.rolsuper OR r.rolcreatedb AS may_create,
  pg_has_role(current_user, d.datdba, 'MEMBER') AS owns, pg_get_userbyid(d.datdba) AS owner, current_user AS me,
  r.rolsuper OR pg_has_role(current_user, 'pg_signal_backend', 'MEMBER') OR NOT EXISTS (
    SELECT FROM pg_stat_activity a WHERE a.datid = d.oid AND a.usesysid IS NOT NULL
      AND NOT pg_has_role(current_user, a.usesysid, 'MEMBER')) AS may_end
  FROM pg_database d, pg_roles r WHERE d.datname = $1 AND r.rolname = current_user`;

type Probed = { readonly rung: Rung; readonly bytes: number };

/** Needs no lock and changes nothing. */
export async function lookAtTemplate(context: Context, desk: SqlSession): Promise<Result<Probed>> {
  const { exchangeMs, copy } = await readMeasured(context);
  const asked = await rowsOf(desk, PROBE, [context.database]);
  if (!asked.ok) return asked;
  const row = asked.value[0] ?? {};
  const bytes = Number(row["bytes"] ?? 0);
  const not = (why: string): Result<Probed> =>
    ok({ rung: { way: templateWay, chosen: false, why, backMs: exchangeMs }, bytes });
  const { copies } = context.config;
  if (!copies)
    return not(
      "it ends the app's idle sessions and takes the database's size once more: only with `copies: when-quick`",
    );
  if (row["standby"] === "t") return not("the server is a standby");
  if (row["may_create"] !== "t")
    return not(`the role ${row["me"]} may not create databases: name one that may in adminUrl`);
  if (row["owns"] !== "t")
    return not(
      `the role ${row["me"]} is no member of ${row["owner"]}, which owns the database: name one in adminUrl`,
    );
  if (row["may_end"] !== "t")
    return not(`the role ${row["me"]} may not end other roles' sessions: give it pg_signal_backend`);
  const free = await obstacles(desk, context.database);
  if (!free.ok) return not(free.error.what);
  const room = await lacksRoom(context, desk, bytes);
  if (room !== null) return not(room);
  if (copy === null) return not("how fast this server copies is measured with the next backup");
  const takes = copyMs(copy, bytes);
  const about = `a copy of ${size(bytes)} takes up to ${span(takes)}, by ${size(copy.bytes)} in ${span(copy.ms)} here`;
  if (takes > copies.withinMs) return not(`${about}: more than the ${span(copies.withinMs)} that it may`);
  return ok({ rung: { way: templateWay, chosen: true, why: about, backMs: exchangeMs }, bytes });
}
