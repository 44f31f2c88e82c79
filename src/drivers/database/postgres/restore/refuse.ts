// What can be said before any work: roles, extensions, tablespace, rights and space that a restore needs, by name.
import { join } from "node:path";
import { parseDatabaseUrl } from "../../../../core/database-url.ts";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import type { Manifest } from "../manifest.ts";
import { quoteName } from "../names.ts";
import { grantsOf } from "../properties/access.ts";
import { rowsOf } from "../rows.ts";
import { folderOf } from "../store.ts";
import type { Entry } from "../swap/entry.ts";

/** Indexes are made anew and are as large as they were; what is written meanwhile needs a little more. */
const ROOM_FACTOR = 1.1;
/** Share of the database that is written as WAL and stays where somebody still wants it. */
const WAL_SHARE = 0.8;
const SCRIPT_MS = 60_000;
/** Lines of a dump that name roles. */
const GIVES = /\b(OWNER TO|GRANT|REVOKE|CREATE POLICY|DEFAULT PRIVILEGES)\b/;

export async function refuseEarly(
  context: Context,
  session: SqlSession,
  manifest: Manifest,
  live: Entry | null,
): Promise<Result<void>> {
  const looks = [
    () => mayExchange(context, session, [manifest.database.owner, ...(live === null ? [] : [live.owner])]),
    () => rolesThere(context, session, manifest),
    () => extensionsThere(session, manifest),
    () => placeThere(session, manifest),
    () => room(context, session, manifest.database.sizeBytes),
  ];
  for (const look of looks) {
    const found = await look();
    if (!found.ok) return found;
  }
  return ok(undefined);
}

/** Creating and renaming need CREATEDB and the owner's role, or a superuser. */
export async function mayExchange(
  context: Context,
  session: SqlSession,
  owners: readonly string[],
): Promise<Result<void>> {
  const asked = await rowsOf(
    session,
    `SELECT current_user AS me, r.rolsuper OR r.rolcreatedb AS create,
       ARRAY(SELECT o.rolname FROM pg_roles o WHERE o.rolname = ANY($1) AND NOT pg_has_role(r.oid, o.oid, 'MEMBER')) AS not_of
     FROM pg_roles r WHERE r.rolname = current_user`,
    [owners],
  );
  if (!asked.ok) return asked;
  const [row] = asked.value;
  const me = row?.["me"] ?? "the role";
  const give = `give the URL of a role that may (adminUrl in the database's settings), or as a superuser:`;
  if (row?.["create"] !== "t")
    return problem(
      "refused",
      `the role ${me} may not create or rename databases, and a restore does both`,
      `${give} ALTER ROLE ${me} CREATEDB`,
      context.database,
    );
  const foreign = row["not_of"] ?? "{}";
  if (foreign === "{}") return ok(undefined);
  return problem(
    "refused",
    `the role ${me} is no member of the owner of the database: ${foreign.slice(1, -1)}`,
    `${give} GRANT ${foreign.slice(1, -1)} TO ${me}`,
    context.database,
  );
}

/** Of all roles of the server of then, those that this database gives something to. */
async function rolesThere(context: Context, session: SqlSession, manifest: Manifest): Promise<Result<void>> {
  const { database, roles } = manifest;
  const grantees = grantsOf(database.acl, database.owner).flatMap(({ to }) => (to === null ? [] : [to]));
  const settings = database.settings.flatMap(({ role }) => (role === null ? [] : [role]));
  const needed = new Set([database.owner, ...grantees, ...settings]);
  const there = await rowsOf(session, "SELECT rolname AS name FROM pg_roles");
  if (!there.ok) return there;
  const known = new Set(there.value.map((row) => row["name"]));
  const gone = roles.map((role) => role.name).filter((role) => !known.has(role) && !needed.has(role));
  const named = await namedInside(context, manifest, gone);
  const missing = [...[...needed].filter((role) => !known.has(role)), ...named];
  const [first] = missing;
  if (first === undefined) return ok(undefined);
  return problem(
    "refused",
    `the server has no role ${missing.join(", ")}, and the backup gives things to ${missing.length > 1 ? "them" : "it"}`,
    `make ${missing.length > 1 ? "each" : "it"} as it was: CREATE ROLE ${quoteName(first)} …; passwords are in no backup`,
  );
}

/** Which of the roles own or may something inside: they stand in the dump's own statements. */
async function namedInside(
  context: Context,
  manifest: Manifest,
  roles: readonly string[],
): Promise<readonly string[]> {
  const folder = folderOf(context, manifest);
  if (roles.length === 0 || folder === null) return [];
  const script = await context.tools.run("pg_restore", {
    args: ["--schema-only", "--file=-", folder],
    ...{ database: context.database, as: "admin", effect: "read", op: null, timeoutMs: SCRIPT_MS, folder },
  });
  // What can't be read to its end is told by the restore itself, before anything is changed.
  if (!script.ok || script.value.exitCode !== 0) return [];
  const statements = script.value.stdout.split("\n").filter((line) => GIVES.test(line));
  return roles.filter((role) =>
    statements.some(
      (line) => line.includes(` ${role};`) || line.includes(quoteName(role)) || line.includes(` ${role} `),
    ),
  );
}

async function extensionsThere(session: SqlSession, { extensions }: Manifest): Promise<Result<void>> {
  const there = await rowsOf(session, "SELECT name FROM pg_available_extensions");
  if (!there.ok) return there;
  const known = new Set(there.value.map((row) => row["name"]));
  const missing = extensions.filter(({ name }) => !known.has(name));
  if (missing.length === 0) return ok(undefined);
  const named = missing.map(({ name, version }) => `${name} ${version}`).join(", ");
  return problem(
    "refused",
    `the server has no extension ${named}, and the backup needs it`,
    "install its package on the server's machine, or use the image that has it, then run again",
  );
}

async function placeThere(session: SqlSession, { database }: Manifest): Promise<Result<void>> {
  const there = await rowsOf(session, "SELECT 1 AS one FROM pg_tablespace WHERE spcname = $1", [
    database.tablespace,
  ]);
  if (!there.ok || there.value.length > 0) return there.ok ? ok(undefined) : there;
  return problem(
    "refused",
    `the server has no tablespace ${database.tablespace}, where the database was`,
    `make it: CREATE TABLESPACE "${database.tablespace}" LOCATION '…'`,
  );
}

/** Only of a server on this machine whose data folder can be seen: of others the server itself says when it is full. */
async function room(context: Context, session: SqlSession, bytes: number): Promise<Result<void>> {
  const url = parseDatabaseUrl(context.config.url);
  if (!url.ok) return url;
  if (context.config.container !== null || !isHere(url.value.host)) return ok(undefined);
  const asked = await session.query(
    `SELECT current_setting('data_directory') AS folder,
       pg_size_bytes(current_setting('max_wal_size')) AS wal,
       current_setting('archive_mode') <> 'off' OR EXISTS (SELECT 1 FROM pg_replication_slots) AS holds`,
  );
  if (!asked.ok) return ok(undefined); // a role that may not see the folder
  const row = asked.value.rows[0] ?? {};
  const stat = await context.files.stat(join(row["folder"] ?? "/", "base"));
  if (!stat.ok || stat.value === null) return ok(undefined);
  const wal = Math.max(Number(row["wal"]), row["holds"] === "t" ? bytes * WAL_SHARE : 0);
  const needed = Math.ceil(bytes * ROOM_FACTOR + wal);
  if (stat.value.freeBytes >= needed) return ok(undefined);
  return problem(
    "no-space",
    `the disk of ${row["folder"]} has ${megabytes(stat.value.freeBytes)} free, and a restore beside needs ${megabytes(needed)}`,
    `free ${megabytes(needed - stat.value.freeBytes)} there, then run again; nothing was changed`,
    row["folder"] ?? undefined,
  );
}

export function isHere(host: string): boolean {
  return host.startsWith("/") || ["localhost", "127.0.0.1", "::1"].includes(host);
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
