// The ways to keep a restore point, from fast to slow: each is probed, and said why it is taken or not.
import { ok, type Result } from "../../../core/result.ts";
import type { Copied, Rung } from "../../../ports/database.ts";
import type { SqlRow, SqlSession } from "../../../ports/sql.ts";
import type { Context } from "./context.ts";
import { cloneRung } from "./copies/clone-look.ts";
import { lookAtTemplate, templateWay } from "./copies/look.ts";
import { readMeasured } from "./copies/measured.ts";
import { rowsOf } from "./rows.ts";
import { listManifests } from "./store.ts";

export type Ladder = {
  readonly rungs: readonly Rung[];
  /** The name of the point that WAL archives know; null where there is none. */
  readonly restorePoint: string | null;
};

const PROBE = `SELECT current_setting('archive_mode') AS archive, pg_is_in_recovery() AS standby,
  has_function_privilege('pg_create_restore_point(text)', 'EXECUTE') AS may_mark,
  (SELECT last_archived_time > coalesce(last_failed_time, '-infinity') FROM pg_stat_archiver) AS archived`;

/** What would be done now: nothing is. */
export async function lookAtLadder(
  context: Context,
  desk: SqlSession,
): Promise<Result<{ readonly rungs: readonly Rung[]; readonly copy: boolean }>> {
  const template = await lookAtTemplate(context, desk);
  if (!template.ok) return template;
  const { rung } = template.value;
  const rungs = await rungsWith(context, desk, rung);
  return rungs.ok ? ok({ rungs: rungs.value, copy: rung.chosen }) : rungs;
}

/**
 * Sets the named point where it can; it takes a moment before the snapshot that the dump has. `copied`: what the
 * template copy before this backup came to; null where nobody was held for one.
 */
export async function explainLadder(
  context: Context,
  session: SqlSession,
  name: string,
  copied: Copied | null,
): Promise<Result<Ladder>> {
  const template = copied === null ? await notHeld(context, session) : ok(await becameOf(context, copied));
  if (!template.ok) return template;
  const rungs = await rungsWith(context, session, template.value);
  if (!rungs.ok) return rungs;
  if (!rungs.value.some(({ way, chosen }) => way === pitrWay && chosen))
    return ok({ rungs: rungs.value, restorePoint: null });
  const marked = await session.query("SELECT pg_create_restore_point($1)", [name]);
  return marked.ok ? ok({ rungs: rungs.value, restorePoint: name }) : marked;
}

async function rungsWith(
  context: Context,
  session: SqlSession,
  template: Rung,
): Promise<Result<readonly Rung[]>> {
  const probed = await rowsOf(session, PROBE);
  if (!probed.ok) return probed;
  const clone = await cloneRung(context, session);
  return ok([clone, template, await dumpRung(context), pitrRung(probed.value[0] ?? {})]);
}

async function becameOf(context: Context, { copy, why }: Copied): Promise<Rung> {
  const { exchangeMs } = await readMeasured(context);
  return { way: templateWay, chosen: copy !== null, why, backMs: exchangeMs };
}

/** By hand and by the clock nobody is held. What a deploy would do is said all the same. */
async function notHeld(context: Context, session: SqlSession): Promise<Result<Rung>> {
  const looked = await lookAtTemplate(context, session);
  if (!looked.ok || !looked.value.rung.chosen) return looked.ok ? ok(looked.value.rung) : looked;
  const { why, ...rung } = looked.value.rung;
  return ok({ ...rung, chosen: false, why: `requests wait for it, and only a deploy lets them: ${why}` });
}

/** As the newest drill of a dump measured it. */
async function dumpRung(context: Context): Promise<Rung> {
  const manifests = await listManifests(context);
  const drilled = manifests.ok
    ? manifests.value.find(({ place, rehearsed }) => place.kind === "folder" && rehearsed !== null)
    : undefined;
  return {
    way: "dump",
    chosen: true,
    why: "always taken: it needs no pause, holds this one database, and can leave the machine",
    backMs: drilled?.rehearsed?.ms ?? null,
  };
}

const pitrWay = "point in time";

function pitrRung(row: SqlRow): Rung {
  const not = (why: string): Rung => ({ way: pitrWay, chosen: false, why, backMs: null });
  if (row["standby"] === "t") return not("the server is a standby");
  if (row["archive"] === "off") return not("the server archives no WAL (archive_mode is off)");
  if (row["may_mark"] !== "t")
    return not("the role may not name restore points: name one that may in adminUrl");
  if (row["archived"] !== "t") return not("the server's archiver fails, or has archived nothing yet");
  return {
    way: pitrWay,
    chosen: true,
    why: "the server archives its WAL: the moment has a name there",
    backMs: null,
  };
}
