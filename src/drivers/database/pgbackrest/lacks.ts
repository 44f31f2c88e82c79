// What is missing before a server can be taken back in time: said with the lines to paste, and never written by us.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Lack } from "../../../ports/point-in-time.ts";
import { inSession, rowsOf } from "../postgres/rows.ts";
import { DESK } from "../postgres/swap/entry.ts";
import { type Archive, runAsOwner } from "./archive.ts";
import { typed } from "./backrest.ts";
import { readSettings, type Settings } from "./settings-file.ts";
import { lookAtStanza } from "./stanza.ts";

/** In the order in which they are mended. All are asked at once: doctor waits for it. */
export async function lacks(archive: Archive): Promise<Result<readonly Lack[]>> {
  const [server, stanza, scratch, read] = await Promise.all([
    inServer(archive),
    lookAtStanza(archive),
    inScratch(archive),
    readSettings(archive.context.files, archive.config.configFile),
  ]);
  if (!server.ok) return server;
  if (!read.ok) return read;
  const before = [...inSettings(archive, read.value, server.value.dataFolder), ...server.value.lacks];
  if (!stanza.ok) {
    const { what, next } = stanza.error;
    return ok(before.length > 0 ? before : [{ what, next, file: null, lines: [] }]);
  }
  if (!stanza.value.made) before.push(noStanza(archive, before.length > 0));
  else if (stanza.value.sets.length === 0) before.push(noSet);
  return scratch.ok ? ok([...before, ...scratch.value]) : scratch;
}

function noStanza(archive: Archive, others: boolean): Lack {
  return {
    what: `the stanza ${archive.config.stanza} was not made yet`,
    next: others
      ? "mend the others first; then lastgood backup now makes it"
      : `lastgood backup now makes it, and takes the first full copy; or: ${typed(archive, "stanza-create")}`,
    file: null,
    lines: [],
  };
}

const noSet: Lack = {
  what: "there is no copy of the server yet that WAL could be replayed on",
  next: "lastgood backup now takes the first full one",
  file: null,
  lines: [],
};

type Read = { readonly path: string; readonly sections: Settings };

function inSettings({ config }: Archive, { path, sections }: Read, dataFolder: string | null): Lack[] {
  const own = sections[config.stanza] ?? {};
  const all = sections["global"] ?? {};
  const repo = { ...all, ...own };
  const global = [
    ...(Object.keys(repo).some((key) => /^repo\d+-path$/.test(key))
      ? []
      : ["repo1-path=/var/lib/pgbackrest"]),
    ...(Object.keys(repo).some((key) => /^repo\d+-retention-full$/.test(key))
      ? []
      : ["repo1-retention-full=2"]),
  ];
  const stanza = own["pg1-path"] === undefined ? [`pg1-path=${dataFolder ?? "<SHOW data_directory>"}`] : [];
  const lines = [
    ...(global.length > 0 ? ["[global]", ...global] : []),
    ...(stanza.length > 0 ? [`[${config.stanza}]`, ...stanza] : []),
  ];
  if (lines.length === 0) return [];
  const what = `${path} does not say everything of the stanza ${config.stanza}`;
  return [{ what, next: `add these lines to ${path}`, file: path, lines }];
}

type Server = { readonly lacks: Lack[]; readonly dataFolder: string | null };

const ASK = `SELECT current_setting('archive_mode') AS mode, current_setting('wal_level') AS level,
  current_setting('archive_command', true) AS command, current_setting('archive_library', true) AS library,
  CASE WHEN pg_has_role(current_user, 'pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END AS data,
  has_function_privilege('pg_create_restore_point(text)', 'EXECUTE')
    AND has_function_privilege('pg_switch_wal()', 'EXECUTE') AS may, current_user AS role`;

async function inServer(archive: Archive): Promise<Result<Server>> {
  const { context, config } = archive;
  const asked = await inSession(context.admin, DESK, (session) => rowsOf(session, ASK));
  if (!asked.ok) return asked;
  const row = asked.value[0] ?? {};
  const own = config.configFile === null ? "" : `--config=${config.configFile} `;
  const push = `archive_command = 'pgbackrest ${own}--stanza=${config.stanza} archive-push %p'`;
  const pushes = ` ${row["command"]} `.includes(`--stanza=${config.stanza} `) && !row["library"];
  const lines = [
    ...(row["level"] === "minimal" ? ["wal_level = replica"] : []),
    ...(row["mode"] === "off" ? ["archive_mode = on"] : []),
    ...(pushes ? [] : [push]),
  ];
  const restart = row["mode"] === "off" || row["level"] === "minimal";
  const how = restart ? "restart the server" : "reload it: SELECT pg_reload_conf()";
  const missing: Lack[] = [];
  if (lines.length > 0)
    missing.push({
      what: `the server does not archive its WAL to the stanza ${config.stanza}`,
      next: `add these lines to postgresql.conf, then ${how}`,
      file: "postgresql.conf",
      lines,
    });
  if (row["may"] !== "t")
    missing.push({
      what: `the role ${row["role"]} may not name points in the WAL`,
      next: `run this as a superuser in the database ${DESK}, or name a role that may in adminUrl`,
      file: null,
      lines: [
        `GRANT EXECUTE ON FUNCTION pg_create_restore_point(text), pg_switch_wal() TO "${row["role"]}";`,
      ],
    });
  return ok({ lacks: missing, dataFolder: row["data"] ?? null });
}

async function inScratch(archive: Archive): Promise<Result<readonly Lack[]>> {
  const { scratch, user } = archive.config;
  const may = await runAsOwner(archive, ["test", "-w", scratch], { effect: "read", op: null });
  if (!may.ok) return may;
  if (may.value.exitCode === 0) return ok([]);
  return ok([
    {
      what: `${user} may not write to ${scratch}, where copies of the server are restored to`,
      next: "make it as root, on a disk with room for the whole server",
      file: null,
      lines: [`install -d -m 700 -o ${user} ${scratch}`],
    },
  ]);
}

/** With all that is to be pasted. */
export function refuseFor({ what, next, file, lines }: Lack): Result<never> {
  return problem(
    "refused",
    `point in time does not work here yet: ${what}`,
    [next, ...lines].join("\n"),
    file ?? undefined,
  );
}
