// A copy of the live database as a place to send a release to: who may come in, and who was seen where.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { CopyPlace } from "../../../ports/database.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import type { Caller } from "../../../ports/trials.ts";
import type { Context } from "./context.ts";
import { quoteName } from "./names.ts";
import { rowsOf } from "./rows.ts";

/** The first version that counts a session before it goes out of sight. */
const COUNTS_SESSIONS = 150_000;

const EMPTY_MS = 5_000;
const EMPTY_EVERY_MS = 10;

/** `desk`: a session in neither of the two. Nobody else says anything in it as long as the place is used. */
export function copyPlace(context: Context, desk: SqlSession, copy: string): CopyPlace {
  const live = context.database;
  let former = 0;
  return {
    live,
    copy,
    async open() {
      const app = await appRole(context);
      if (!app.ok) return app;
      const seeing = await maySee(desk, app.value);
      if (!seeing.ok) return seeing;
      const opened = await letInAs(desk, copy, app.value);
      if (!opened.ok) return opened;
      const alone = await untilEmpty(context, desk, copy);
      if (!alone.ok) return alone;
      const before = await sessionsEver(desk, copy);
      if (before.ok) former = before.value;
      return before.ok ? ok(undefined) : before;
    },
    async seen(mark, callers) {
      const now = await sessionsNow(desk, { live, copy, mark, callers });
      if (!now.ok) return now;
      const ever = await sessionsEver(desk, copy);
      if (!ever.ok) return ever;
      return ok({ copy: Math.max(now.value.copy, ever.value - former), live: now.value.live });
    },
  };
}

/** A session of ours that was closed a moment ago must not be taken for somebody's who was sent here. */
async function untilEmpty({ clock }: Context, desk: SqlSession, copy: string): Promise<Result<void>> {
  const until = clock.elapsed() + EMPTY_MS;
  for (;;) {
    const asked = await rowsOf(
      desk,
      "SELECT count(*) AS there FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'",
      [copy],
    );
    if (!asked.ok) return asked;
    if (asked.value[0]?.["there"] === "0") return ok(undefined);
    if (clock.elapsed() >= until)
      return problem("busy", `somebody else is in the copy ${copy}`, "see who: pg_stat_activity");
    await clock.sleep(EMPTY_EVERY_MS);
  }
}

/** Nobody else gets in: what is tried there is tried as the app's role, with its settings. */
export async function letIn(context: Context, desk: SqlSession, name: string): Promise<Result<void>> {
  const app = await appRole(context);
  return app.ok ? letInAs(desk, name, app.value) : app;
}

type Role = { readonly role: string; readonly path: string };

async function appRole(context: Context): Promise<Result<Role>> {
  const app = await context.app.connect();
  if (!app.ok) return app;
  const asked = await rowsOf(
    app.value,
    "SELECT current_user AS role, current_setting('search_path') AS path",
  );
  await app.value.close();
  if (!asked.ok) return asked;
  const [{ role = null, path = null } = {}] = asked.value;
  if (role !== null && path !== null) return ok({ role, path });
  return problem("failed", "the server does not say who we are", "run again");
}

async function letInAs(desk: SqlSession, name: string, { role, path }: Role): Promise<Result<void>> {
  const given = await desk.query(`GRANT ALL ON DATABASE ${quoteName(name)} TO ${quoteName(role)}`);
  if (!given.ok) return given;
  // As a value, never as text of a statement: the app's role chooses it, and this session may do more than that role.
  const chosen = await desk.query("SELECT set_config('search_path', $1, false)", [path]);
  if (!chosen.ok) return chosen;
  const kept = await desk.query(`ALTER DATABASE ${quoteName(name)} SET search_path FROM CURRENT`);
  const reset = await desk.query("RESET search_path");
  if (!kept.ok) return kept;
  return reset.ok ? ok(undefined) : reset;
}

/** Without this right the server shows that there is a session, and neither whose nor from where. */
async function maySee(desk: SqlSession, { role }: Role): Promise<Result<void>> {
  const asked = await rowsOf(
    desk,
    "SELECT current_user AS me, pg_has_role('pg_read_all_stats', 'USAGE') OR pg_has_role($1, 'USAGE') AS may",
    [role],
  );
  if (!asked.ok) return asked;
  const [{ me = null, may = null } = {}] = asked.value;
  if (may === "t") return ok(undefined);
  return problem(
    "refused",
    `${me} may not see the sessions of ${role}, so nobody could tell where a release writes`,
    `as an admin: GRANT pg_read_all_stats TO ${quoteName(me ?? "")}`,
  );
}

type Wanted = {
  readonly live: string;
  readonly copy: string;
  readonly mark: string;
  readonly callers: readonly Caller[];
};

/** In the copy is nobody but who was sent there; in the live one they are among all others. */
async function sessionsNow(
  desk: SqlSession,
  { live, copy, mark, callers }: Wanted,
): Promise<Result<{ copy: number; live: number }>> {
  const from = callers.map(({ address, port }) => (port === null ? address : `${address} ${port}`));
  const asked = await rowsOf(
    desk,
    `SELECT count(*) FILTER (WHERE datname = $1) AS copy,
       count(*) FILTER (WHERE datname = $2 AND (application_name = $3 OR host(client_addr) = ANY($4::text[])
         OR host(client_addr) || ' ' || client_port = ANY($4::text[]))) AS live
     FROM pg_stat_activity WHERE backend_type = 'client backend'`,
    [copy, live, mark, from],
  );
  if (!asked.ok) return asked;
  return ok({ copy: Number(asked.value[0]?.["copy"]), live: Number(asked.value[0]?.["live"]) });
}

/** Also those that came and went between two looks; 0 where the server does not count them in time. */
async function sessionsEver(desk: SqlSession, copy: string): Promise<Result<number>> {
  const version = await rowsOf(desk, "SELECT current_setting('server_version_num') AS version");
  if (!version.ok) return version;
  if (Number(version.value[0]?.["version"]) < COUNTS_SESSIONS) return ok(0);
  const counted = await rowsOf(desk, "SELECT sessions FROM pg_stat_database WHERE datname = $1", [copy]);
  return counted.ok ? ok(Number(counted.value[0]?.["sessions"] ?? 0)) : counted;
}
