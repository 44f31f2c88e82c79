// Every version that the driver promises, beside the one of this machine: real servers in containers, each with the client
// programs of its own image, and over TCP with those of this machine.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { otherVersions, postgresImage } from "../../../../scripts/images/postgres-versions.ts";
import { startEngine } from "../../../../scripts/parts/engine.ts";
import { wayWords } from "../../../../src/core/migrations/way.ts";
import { pickAll } from "../../../../src/core/salvage/verdict.ts";
import { copies } from "../../../../src/drivers/database/postgres/copy.ts";
import { intake } from "../../../../src/drivers/database/postgres/intake/intake.ts";
import { keptName } from "../../../../src/drivers/database/postgres/names.ts";
import { postgresWithCare } from "../../../../src/drivers/database/postgres/postgres.ts";
import { findManifest } from "../../../../src/drivers/database/postgres/store.ts";
import { dockerCli } from "../../../../src/drivers/docker/cli.ts";
import { migrations } from "../../../../src/drivers/migrations/migrations.ts";
import { localFiles } from "../../../../src/os/files.ts";
import { databaseContract } from "../../../../src/testing/contracts/database.ts";
import { tempFolder } from "../../../os/temp-folder.ts";
import { freePort, laterOn } from "../../../parts/bed.ts";
import { docker } from "../../../parts/docker.ts";
import { has } from "../../../parts/needs.ts";
import type { PostgresBed } from "../../../parts/postgres.ts";
import { prismaTable } from "../../migrations/bed.ts";
import { contractBed } from "./contract-bed.ts";
import { shopRows, shopTables } from "./salvage-site.ts";
import { bad, good, makeSite, op } from "./site.ts";

const timeout = 600_000;
const isThere = await has("docker");
const engine = isThere ? await startEngine() : null;

for (const major of otherVersions) {
  const had = engine === null ? { missing: "no docker" } : await postgresImage(major, engine.env);
  if ("missing" in had) console.warn(`tests that need PostgreSQL ${major} are skipped: ${had.missing}`);
  describe.runIf("image" in had)(`PostgreSQL ${major} (needs docker, its packages)`, () => {
    const image = "image" in had ? had.image : "";
    contractOn(image);
    waysOn(major, image);
    overTcp(major, image);
  });
}

function contractOn(image: string) {
  const { later, end } = laterOn();
  let server: Server;
  const started = async () => (server ??= await startServer(image, later));
  test.each(databaseContract.map((one) => [one.name, one] as const))(
    "contract: %s",
    { timeout },
    async (_, one) => {
      const bed = await started();
      await one.run(await contractBed(bed.bed, bed.inside));
    },
  );
  afterAll(end);
}

function waysOn(major: string, image: string) {
  test("the main ways, with the programs of the container", { timeout }, async () => {
    const { later, end } = laterOn();
    try {
      await mainWays(major, await startServer(image, later));
    } finally {
      await end();
    }
  });
}

async function mainWays(major: string, { bed: server, inside, name, copyOut, exec }: Server) {
  const site = await makeSite(server);
  const { config, deps } = inside(site);
  await site.sql(`${shopTables} ${shopRows}`);
  await server.psql(`CREATE ROLE reports; GRANT CONNECT ON DATABASE ${site.database} TO reports; REVOKE ALL ON DATABASE ${site.database} FROM PUBLIC;
    ALTER DATABASE ${site.database} SET statement_timeout = '55s'; ALTER DATABASE ${site.database} CONNECTION LIMIT 77`);
  await site.sql(
    `GRANT SELECT ON customers TO reports; ${Number(major) >= 17 ? "GRANT MAINTAIN ON orders TO reports;" : ""}`,
  );
  const about = () =>
    server.psql(`SELECT pg_get_userbyid(datdba), datacl, datconnlimit, (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid)
      FROM pg_database d WHERE datname = '${site.database}'`);
  const grants = () =>
    site.sql(
      "SELECT relname, relacl FROM pg_class WHERE relacl IS NOT NULL AND relnamespace = 'public'::regnamespace ORDER BY 1",
    );
  const [aboutBefore, grantsBefore] = [await about(), await grants()];
  const opened = good(postgresWithCare(config, deps));
  const { database, salvage, context, care } = opened;

  // Backup, look, drill.
  const backup = good(await database.backUp(op("backup"), "nightly"));
  const manifest = good(await findManifest(context, backup.id));
  expect(
    [manifest.server.version, manifest.toolVersion].map((one) => Number.parseInt(one ?? "", 10)),
  ).toEqual([Number(major), Number(major)]);
  expect(good(await context.tools.version()).where).toBe(`image of the container ${name}`);
  good(await care.verify(backup.id));
  good(await database.rehearse(backup.id));

  // What was written since; restore by swap; salvage; undo.
  await site.sql(
    "INSERT INTO customers(email, name) VALUES ('new@example.org', 'New'); DELETE FROM visits WHERE path = '/p3'; UPDATE customers SET name = 'Moved' WHERE id = 5",
  );
  const late = await site.sql("SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM customers c");
  const since = good(await salvage.since(backup.id));
  expect(since.tables.map(({ table }) => table)).toEqual(["customers", "visits"]);
  await server.psql(`ALTER DATABASE ${site.database} RESET ALL`);
  const kept = good(await database.restore(op("back"), backup.id)).kept ?? "";
  expect(await site.sql("SELECT count(*) FROM customers WHERE name IN ('New', 'Moved')")).toBe("0");
  expect([await about(), await grants()]).toEqual([aboutBefore, grantsBefore]);
  const found = good(await salvage.look({ id: kept, from: backup.id }, pickAll));
  expect(found.tables.find(({ table }) => table === "customers")?.verdicts).toMatchObject({
    insert: 1,
    update: 1,
  });
  good(await database.restore(op("undo"), kept));
  expect(await site.sql("SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM customers c")).toBe(late);
  expect(
    await server.psql(
      `SELECT datallowconn FROM pg_database WHERE datname = '${keptName(site.database, "op-undo")}'`,
    ),
  ).toBe("f");

  // Files that others made, by this version's own programs.
  const folder = await tempFolder();
  for (const [file, ...how] of [["a.sql"], ["b.dump", "-Fc"], ["c.tar", "-Ft"]] as const) {
    await exec(
      "pg_dump",
      "-U",
      "postgres",
      "-p",
      String(server.port),
      "-d",
      site.database,
      ...how,
      "-f",
      `/var/lib/postgresql/${file}`,
    );
    await copyOut(`/var/lib/postgresql/${file}`, join(folder, file));
  }
  await writeFile(join(folder, "a.sql.gz"), gzipSync(await readFile(join(folder, "a.sql"))));
  for (const file of ["a.sql", "a.sql.gz", "b.dump", "c.tar"]) {
    const taken = good(await intake(context, op(`in-${file}`), join(folder, file)));
    expect([file, taken.rows["customers"]]).toEqual([file, 201]);
  }

  // Ways down, out of this version's own catalog.
  await site.sql(prismaTable);
  const migration = { name: "20260101000000_next", text: upText };
  await mkdir(join(folder, "migrations", migration.name), { recursive: true });
  await writeFile(join(folder, "migrations", migration.name, "migration.sql"), migration.text);
  const ways = migrations(
    { tool: "prisma", folder: join(folder, "migrations"), table: null, kept: join(folder, "kept") },
    { sql: context.app, files: localFiles(), clock: context.clock, copy: copies(context) },
  );
  const [way] = good(await ways.prove(op("prove"), null));
  expect(way && wayWords(way)).toBe("reversible");
  await site.sql(migration.text);
  await site.sql(
    `INSERT INTO _prisma_migrations(id, checksum, migration_name, finished_at) VALUES ('1', '${way?.up}', '${migration.name}', now())`,
  );
  const before = await site.sql("SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM customers c");
  expect(good(await ways.down(op("down"), [migration.name]))).toEqual([migration.name]);
  expect(before).not.toBe(late);
  expect(await site.sql("SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM customers c")).toBe(late);
}

const upText = `CREATE TYPE mood AS ENUM ('ok', 'bad');
ALTER TABLE customers ADD COLUMN mood mood NOT NULL DEFAULT 'ok', ADD CONSTRAINT named CHECK (version > 0);
ALTER TABLE customers RENAME COLUMN name TO full_name;
ALTER TABLE orders ALTER COLUMN placed SET NOT NULL;
CREATE TABLE notes(id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders, body text NOT NULL, length int GENERATED ALWAYS AS (length(body)) STORED);
CREATE INDEX notes_body ON notes (lower(body)) WHERE body <> '';
CREATE VIEW rich AS SELECT id, full_name FROM customers WHERE version > 1;
CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.version := NEW.version + 1; RETURN NEW; END $$;
CREATE TRIGGER bump BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION bump();
GRANT SELECT ON notes TO reports;`;

function overTcp(major: string, image: string) {
  const own = 15; // what this machine's own tests use
  const isNewer = Number(major) > own;
  const title = isNewer
    ? "older programs of this machine are refused"
    : "newer programs of this machine back up and restore";
  test(`over TCP: ${title}`, { timeout }, async () => {
    const { later, end } = laterOn();
    try {
      const { bed: server } = await startServer(image, later);
      const site = await makeSite(server);
      await site.sql(`${shopTables} ${shopRows}`);
      const { database, context } = good(postgresWithCare(site.config, site.deps));
      const here = await context.tools.version();
      const made = await database.backUp(op("backup"), "nightly");
      if (isNewer && !(here.ok && Number.parseInt(here.value.version, 10) >= Number(major))) {
        expect(bad(made)).toMatchObject({
          code: "refused",
          what: expect.stringContaining(`the server is PostgreSQL ${major}`),
        });
        return;
      }
      const { id } = good(made);
      good(await database.rehearse(id));
      await site.sql("DELETE FROM visits");
      const kept = good(await database.restore(op("back"), id)).kept ?? "";
      expect(await site.sql("SELECT count(*) FROM visits")).toBe("50");
      good(await database.restore(op("undo"), kept));
      expect(await site.sql("SELECT count(*) FROM visits")).toBe("0");
    } finally {
      await end();
    }
  });
}

type Site = Awaited<ReturnType<typeof makeSite>>;

type Server = {
  readonly name: string;
  /** As much of a bed as sites need: its port leads there from this machine, and inside of the container too. */
  readonly bed: PostgresBed;
  /** The same database, by its container. */
  readonly inside: (site: Site) => Pick<Site, "config" | "deps">;
  readonly exec: (...argv: readonly string[]) => Promise<string>;
  readonly copyOut: (from: string, to: string) => Promise<void>;
};

async function startServer(image: string, later: (end: () => Promise<void>) => void): Promise<Server> {
  const bed = await docker(later);
  const name = `${bed.project}-postgres`;
  const port = await freePort();
  const labels = ["--label", `lastgood.test=${bed.project}`, "--env", "POSTGRES_PASSWORD=not-a-secret"];
  const publish = ["--publish", `127.0.0.1:${port}:${port}`];
  await bed.docker([
    "run",
    "--detach",
    "--name",
    name,
    ...labels,
    ...publish,
    image,
    "postgres",
    "-p",
    String(port),
    "-c",
    "fsync=off",
    "-c", // 13 would store what its own way in does not take
    "password_encryption=scram-sha-256",
  ]);
  const client = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-p", String(port)];
  const psql = async (sql: string, database = "postgres") =>
    (
      await bed.docker(["exec", "--interactive", name, ...client, "-d", database, "-f", "-"], { stdin: sql })
    ).trimEnd();
  // Over TCP: while it is being made it listens on its socket alone.
  const up = ["exec", name, "pg_isready", "-h", "127.0.0.1", "-p", String(port)];
  await expect.poll(() => bed.tryDocker(up).then((end) => end.exitCode), { timeout: 120_000 }).toBe(0);
  const cli = dockerCli(bed.host, { host: null, context: null, configDir: null });
  return {
    name,
    bed: { psql, port } as PostgresBed,
    inside: (site) => ({
      config: { ...site.config, container: name },
      deps: { ...site.deps, host: bed.host, docker: cli },
    }),
    exec: (...argv) => bed.docker(["exec", name, ...argv]),
    copyOut: async (from, to) => void (await bed.docker(["cp", `${name}:${from}`, to])),
  };
}
