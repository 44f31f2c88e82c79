// What a manifest says of the server and of the database beside its rows.
import { z } from "zod";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { SqlSession } from "../../../ports/sql.ts";
import type { DatabaseFacts, Manifest, ServerFacts } from "./manifest.ts";
import { quoteName } from "./names.ts";
import { oneValue, rowsOf } from "./rows.ts";
import { ownComment } from "./swap/marker.ts";

export async function serverFacts(session: SqlSession): Promise<Result<ServerFacts>> {
  const asked = await rowsOf(
    session,
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number,
       coalesce(host(inet_server_addr()), '') AS host, coalesce(inet_server_port(), 0) AS port,
       (SELECT system_identifier FROM pg_control_system()) AS identifier`,
  );
  if (!asked.ok) return asked;
  const row = asked.value[0];
  return ok({
    systemIdentifier: row?.["identifier"] ?? "0",
    version: row?.["version"] ?? "",
    versionNumber: Number(row?.["number"]),
    host: row?.["host"] ?? "",
    port: Number(row?.["port"]),
  });
}

/** Columns of pg_database as JSON, because their names differ by version. */
const catalogRow = z.object({
  oid: z.coerce.string(),
  datcollate: z.string(),
  datctype: z.string(),
  datlocprovider: z.string().default("c"),
  daticulocale: z.string().nullish(),
  datlocale: z.string().nullish(),
  datcollversion: z.string().nullish(),
  datconnlimit: z.number(),
});

export async function databaseFacts(session: SqlSession, name: string): Promise<Result<DatabaseFacts>> {
  const asked = await rowsOf(
    session,
    `SELECT to_jsonb(d) AS catalog, pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding,
       t.spcname AS tablespace, to_jsonb(d.datacl::text[]) AS acl, pg_database_size(d.oid) AS size,
       shobj_description(d.oid, 'pg_database') AS comment,
       coalesce((SELECT jsonb_agg(jsonb_build_object('role', r.rolname, 'setting', one) ORDER BY r.rolname, one)
         FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) one
         WHERE s.setdatabase = d.oid), '[]') AS settings
     FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = $1`,
    [name],
  );
  if (!asked.ok) return asked;
  const row = asked.value[0];
  if (row === undefined)
    return problem("missing", `the server has no database ${name}`, "check the name in the URL", name);
  const catalog = catalogRow.parse(JSON.parse(row["catalog"] ?? "{}"));
  const settings = z.array(z.object({ role: z.string().nullable(), setting: z.string() }));
  return ok({
    oid: catalog.oid,
    name,
    owner: row["owner"] ?? "",
    encoding: row["encoding"] ?? "",
    collate: catalog.datcollate,
    ctype: catalog.datctype,
    localeProvider: catalog.datlocprovider,
    locale: catalog.datlocale ?? catalog.daticulocale ?? null,
    collationVersion: catalog.datcollversion ?? null,
    tablespace: row["tablespace"] ?? "",
    connectionLimit: catalog.datconnlimit,
    comment: ownComment(row["comment"] ?? null, catalog.oid),
    acl: z
      .array(z.string())
      .nullable()
      .parse(JSON.parse(row["acl"] ?? "null")),
    settings: settings.parse(JSON.parse(row["settings"] ?? "[]")),
    sizeBytes: Number(row["size"]),
  });
}

export async function roleFacts(session: SqlSession): Promise<Result<Manifest["roles"]>> {
  const asked = await rowsOf(
    session,
    `SELECT r.rolname AS name, r.rolcanlogin AS login, r.rolsuper AS superuser,
       coalesce((SELECT jsonb_agg(pg_get_userbyid(m.roleid) ORDER BY 1) FROM pg_auth_members m
         WHERE m.member = r.oid), '[]') AS member_of
     FROM pg_roles r WHERE r.rolname NOT LIKE 'pg\\_%' ORDER BY r.rolname COLLATE "C"`,
  );
  if (!asked.ok) return asked;
  return ok(
    asked.value.map((row) => ({
      name: row["name"] ?? "",
      login: row["login"] === "t",
      superuser: row["superuser"] === "t",
      memberOf: z.array(z.string()).parse(JSON.parse(row["member_of"] ?? "[]")),
    })),
  );
}

export async function extensionFacts(session: SqlSession): Promise<Result<Manifest["extensions"]>> {
  const asked = await rowsOf(
    session,
    `SELECT e.extname AS name, e.extversion AS version, n.nspname AS schema
     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY e.extname COLLATE "C"`,
  );
  if (!asked.ok) return asked;
  return ok(
    asked.value.map((row) => ({
      name: row["name"] ?? "",
      version: row["version"] ?? "",
      schema: row["schema"] ?? "",
    })),
  );
}

const outside = `n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'`;

/** How many there are of each kind, beside tables. Those of extensions count too: they come back with them. */
export async function objectFacts(session: SqlSession): Promise<Result<Manifest["objects"]>> {
  const classes = (kind: string) =>
    `(SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN (${kind}) AND ${outside})`;
  const asked = await rowsOf(
    session,
    `SELECT ${classes("'i','I'")} AS indexes, ${classes("'v','m'")} AS views, ${classes("'S'")} AS sequences,
       (SELECT count(*) FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE ${outside}) AS constraints,
       (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal) AS triggers,
       (SELECT count(*) FROM pg_proc c JOIN pg_namespace n ON n.oid = c.pronamespace WHERE ${outside}) AS functions,
       (SELECT count(*) FROM pg_largeobject_metadata) AS "largeObjects"`,
  );
  if (!asked.ok) return asked;
  return ok(Object.fromEntries(Object.entries(asked.value[0] ?? {}).map(([kind, n]) => [kind, Number(n)])));
}

/** Tables by which migration tools remember what they applied, and the column that names the newest. */
const ledgers: readonly (readonly [table: string, newest: string])[] = [
  ["public._prisma_migrations", `max(migration_name) FILTER (WHERE finished_at IS NOT NULL)`],
  ["drizzle.__drizzle_migrations", "max(created_at)::text"],
  ["public.knex_migrations", "max(name)"],
  ["public.pgmigrations", "max(name)"],
  ["public.schema_migrations", "max(version::text)"],
  ["public.flyway_schema_history", "max(version)"],
  ["public.migrations", "max(name)"],
  ["public.SequelizeMeta", "max(name)"],
  ["public.alembic_version", "max(version_num)"],
];

export async function migrationFacts(session: SqlSession): Promise<Result<Manifest["migrations"]>> {
  const found: Manifest["migrations"] = [];
  for (const [table, newest] of ledgers) {
    const quoted = table.split(".").map(quoteName).join(".");
    const there = await oneValue(session, "SELECT to_regclass($1) IS NOT NULL", [quoted]);
    if (!there.ok) return there;
    if (there.value !== "t") continue;
    const savepoint = await session.query("SAVEPOINT lastgood_ledger");
    if (!savepoint.ok) return savepoint;
    const asked = await rowsOf(session, `SELECT count(*) AS rows, ${newest} AS newest FROM ${quoted}`);
    // One of another shape than its tool writes is a table of the app's own: its rows are counted with all others.
    if (asked.ok)
      found.push({
        table,
        rows: Number(asked.value[0]?.["rows"]),
        newest: asked.value[0]?.["newest"] ?? null,
      });
    const back = await session.query(
      "ROLLBACK TO SAVEPOINT lastgood_ledger; RELEASE SAVEPOINT lastgood_ledger",
    );
    if (!back.ok) return back;
  }
  return ok(found);
}
