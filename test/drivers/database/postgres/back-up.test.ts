import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import type { Context, PostgresDeps } from "../../../../src/drivers/database/postgres/context.ts";
import { rehearse } from "../../../../src/drivers/database/postgres/drill.ts";
import { postgresWithCare } from "../../../../src/drivers/database/postgres/postgres.ts";
import { findManifest } from "../../../../src/drivers/database/postgres/store.ts";
import type { Command, Finished, Host } from "../../../../src/ports/host.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { bad, good, makeSite, op, type Site } from "./site.ts";

const withPostgres = await describeWith("postgres");

withPostgres("backups of a real database", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, 60_000);
  afterAll(end);

  const shop = async (): Promise<Site> => {
    const site = await makeSite(server);
    await site.sql(`CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
      INSERT INTO orders (note) SELECT md5(g::text) FROM generate_series(1, 500) g`);
    return site;
  };
  const manifestOf = async (context: Context, id: string) => good(await findManifest(context, id));
  const left = async ({ config }: Site) =>
    (await readdir(config.backupDir)).filter((name) => name !== ".epoch");

  test("the manifest holds what a restore must bring back, and what says whether it did", async () => {
    const site = await shop();
    await server.psql(`ALTER DATABASE ${site.database} SET work_mem = '8MB';
      REVOKE CONNECT ON DATABASE ${site.database} FROM PUBLIC;
      COMMENT ON DATABASE ${site.database} IS 'the shop'`);
    await server.psql("CREATE EXTENSION pg_trgm", site.database);
    await site.sql(`CREATE TABLE _prisma_migrations (migration_name text, finished_at timestamptz);
      INSERT INTO _prisma_migrations VALUES ('001_first', now()), ('002_half', null)`);
    const release = { id: "r1", images: { api: "sha256:aa" } };
    const context = site.context({}, { past: { release: () => release, migrated: () => [] } });
    const { id } = good(await backUp(context, op("one"), "nightly"));
    const manifest = await manifestOf(context, id);
    const [oid, identifier] = (
      await server.psql(
        `SELECT oid, (SELECT system_identifier FROM pg_control_system()) FROM pg_database WHERE datname = '${site.database}'`,
      )
    ).split("|");
    const role = new URL(site.config.url.reveal()).username;
    expect(manifest).toMatchObject({
      server: { systemIdentifier: identifier, versionNumber: 150_018, port: server.port },
      toolVersion: expect.stringMatching(/^15\./),
      database: { oid, name: site.database, owner: role, encoding: "UTF8", comment: "the shop" },
      release,
      migrations: [{ table: "public._prisma_migrations", rows: 2, newest: "001_first" }],
    });
    expect(manifest.database.settings).toContainEqual({ role: null, setting: "work_mem=8MB" });
    expect(manifest.database.acl).not.toContainEqual(expect.stringMatching(/^=[^/]*c/));
    expect(manifest.extensions.map(({ name }) => name)).toEqual(["pg_trgm", "plpgsql"]);
    expect(manifest.roles).toContainEqual(
      expect.objectContaining({ name: role, login: true, superuser: false }),
    );
    expect(manifest.globals).toContain(`CREATE ROLE ${role}`);
    expect(manifest.globals).not.toContain("SCRAM-SHA-256");
    const [xmin, xmax] = manifest.snapshot.s0.split(":");
    expect([xmin, manifest.snapshot.inexact]).toEqual([xmax, null]);
    expect(manifest.tables.find(({ name }) => name === "orders")).toMatchObject({
      rows: 500,
      key: ["id"],
      columns: ["id", "note"],
    });
    expect(manifest.ladder.find(({ way }) => way === "dump")?.chosen).toBe(true);
    expect(manifest.ladder.every(({ why }) => why.length > 10)).toBe(true);
  });

  test("rows that are written meanwhile are either in the dump, the counts and the hashes, or in none", async () => {
    const site = await shop();
    const context = site.context();
    const writing = new AbortController();
    const writer = (async () => {
      while (!writing.signal.aborted)
        await site.sql("INSERT INTO orders (note) SELECT 'late' FROM generate_series(1, 50)");
    })();
    const { id } = good(await backUp(context, op("one"), "nightly"));
    writing.abort();
    await writer;
    good(await rehearse(context, id, undefined)); // compares every table's rows and hash with the manifest
  });

  test("a moment without open writes is waited for, and where none comes the manifest says so", async () => {
    const site = await shop();
    const session = good(await site.deps.sql(site.config.url).connect());
    good(await session.query("BEGIN; INSERT INTO orders (note) VALUES ('open')"));
    await site.sql("INSERT INTO orders (note) VALUES ('newer, and done')");
    const never = site.context();
    const first = good(await backUp(never, op("one"), "nightly"));
    expect((await manifestOf(never, first.id)).snapshot.inexact).toMatch(/1 transaction was writing/);
    let waits = 0;
    const ending = {
      ...site.deps.clock,
      elapsed: () => 0,
      sleep: async () => {
        if (++waits === 3) good(await session.query("COMMIT"));
      },
    };
    const soon = site.context({}, { clock: ending });
    const second = good(await backUp(soon, op("two"), "nightly"));
    expect((await manifestOf(soon, second.id)).snapshot.inexact).toBeNull();
    expect(waits).toBeGreaterThanOrEqual(3);
    await session.close();
  });

  test("the password is in no argument and no environment, and its file is gone afterwards", async () => {
    const site = await shop();
    const seen: Command[] = [];
    const modes: number[] = [];
    const host = watched(site.deps.host, async (command) => {
      seen.push(command);
      const file = command.env?.["PGPASSFILE"];
      if (file !== undefined) modes.push((await stat(file)).mode & 0o777);
      return null;
    });
    good(await backUp(site.context({}, { host }), op("one"), "nightly"));
    expect(seen.length).toBeGreaterThan(2);
    expect(JSON.stringify(seen)).not.toContain("app-password");
    expect(modes.length).toBeGreaterThan(0);
    expect(new Set(modes)).toEqual(new Set([0o600]));
    expect(await left(site)).toEqual(["nightly-op-one", "nightly-op-one.manifest.json"]);
  });

  test("programs older than the server are refused, with both versions", async () => {
    const site = await shop();
    const host = watched(site.deps.host, async (command) =>
      command.argv.includes("--version") ? ended(0, "pg_dump (PostgreSQL) 12.22 (Debian 12.22-1)\n") : null,
    );
    const refused = bad(await backUp(site.context({}, { host }), op("one"), "nightly"));
    expect(refused).toMatchObject({
      code: "refused",
      what: expect.stringMatching(/server is PostgreSQL 15\.\d.*12\.22/),
    });
    expect(refused.next).toContain("postgresql-client-15");
    expect(await left(site)).toEqual([]);
  });

  test("a machine without the programs is told which package is missing", async () => {
    const site = await shop();
    const host = watched(site.deps.host, async (command) =>
      command.argv.includes("--version") ? ended(127, "") : null,
    );
    const refused = bad(await backUp(site.context({}, { host }), op("one"), "nightly"));
    expect(refused).toMatchObject({ code: "missing", next: expect.stringContaining("postgresql-client-15") });
  });

  test("a disk without room is refused before anything is written, with figures", async () => {
    const site = await shop();
    const { files } = site.deps;
    const full: PostgresDeps["files"] = {
      ...files,
      stat: async (path) => {
        const seen = await files.stat(path);
        return seen.ok && seen.value ? { ok: true, value: { ...seen.value, freeBytes: 5_000_000 } } : seen;
      },
    };
    const refused = bad(await backUp(site.context({}, { files: full }), op("one"), "nightly"));
    expect(refused).toMatchObject({
      code: "no-space",
      what: expect.stringMatching(/5\.0 MB free, and \d+\.\d MB are needed/),
    });
    expect(await left(site)).toEqual([]);
  });

  test("a pg_dump that fails leaves no backup, and the next one sweeps what a crash left", async () => {
    const site = await shop();
    const host = watched(site.deps.host, async (command) =>
      command.argv[0].endsWith("pg_dump") && !command.argv.includes("--version")
        ? ended(1, "", "pg_dump: error: connection to server was lost")
        : null,
    );
    const failed = bad(await backUp(site.context({}, { host }), op("one"), "nightly"));
    expect(failed).toMatchObject({
      code: "failed",
      what: expect.stringContaining("connection to server was lost"),
    });
    expect(await left(site)).toEqual([]);
    await writeFile(join(site.config.backupDir, ".pgpass-1"), "left by a crash");
    await writeFile(join(site.config.backupDir, "nightly-op-dead.half"), "half a dump");
    good(await backUp(site.context(), op("two"), "nightly"));
    expect(await left(site)).toEqual(["nightly-op-two", "nightly-op-two.manifest.json"]);
  });

  test("a table that the role may not read is named before any dump", async () => {
    const site = await shop();
    await server.psql("CREATE TABLE payroll (id int)", site.database);
    const refused = bad(await backUp(site.context(), op("one"), "nightly"));
    expect(refused).toMatchObject({
      code: "refused",
      what: "the role may not read the table public.payroll",
    });
    const adminUrl = secret(server.url);
    good(await backUp(site.context({ adminUrl }), op("one"), "nightly"));
  });

  test("what cannot be reached says so, and how", async () => {
    const site = await shop();
    const url = secret(site.config.url.reveal().replace(`:${server.port}`, ":1"));
    expect(bad(await backUp(site.context({ url }), op("one"), "nightly"))).toMatchObject({
      code: "unreachable",
    });
    const wrong = secret(site.config.url.reveal().replace(site.database, "shop_production"));
    expect(bad(await backUp(site.context({ url: wrong }), op("one"), "nightly"))).toMatchObject({
      code: "missing",
      what: expect.stringContaining("shop_production"),
    });
  });

  test("a missing or cut file makes a backup damaged, a flipped bit fails its drill, and its op makes a new one", async () => {
    const site = await shop();
    const context = site.context();
    const database = good(postgresWithCare(site.config, site.deps)).database;
    const { id } = good(await backUp(context, op("one"), "nightly"));
    const folder = join(site.config.backupDir, id);
    const name = (await readdir(folder)).find((one) => one.endsWith(".gz")) ?? "";
    const whole = await readFile(join(folder, name));
    const flipped = Buffer.from(whole);
    flipped[flipped.length - 20] = (flipped[flipped.length - 20] ?? 0) ^ 1;
    await writeFile(join(folder, name), flipped);
    expect(good(await database.backups())[0]?.damaged).toBeUndefined();
    expect(bad(await database.rehearse(id))).toMatchObject({
      code: "damaged",
      what: expect.stringContaining(name),
    });
    await writeFile(join(folder, name), whole.subarray(0, -7));
    expect(good(await database.backups())[0]?.damaged).toContain(
      `${whole.length - 7} bytes instead of ${whole.length}`,
    );
    await rm(join(folder, name));
    expect(good(await database.backups())[0]?.damaged).toBe(`its file ${name} is missing`);
    good(await backUp(context, op("one"), "nightly"));
    expect(good(await database.backups())).toMatchObject([{ id, rows: { orders: 500 } }]);
    good(await database.rehearse(id));
  });

  test("a dump that misses a table is found by its drill", async () => {
    const site = await shop();
    await site.sql("CREATE TABLE payments (id int PRIMARY KEY); INSERT INTO payments VALUES (1)");
    const host = watched(site.deps.host, async (command) =>
      command.argv[0].endsWith("pg_dump") && !command.argv.includes("--version")
        ? site.deps.host.run({ ...command, argv: [...command.argv, "--exclude-table=payments"] })
        : null,
    );
    const { id } = good(await backUp(site.context({}, { host }), op("one"), "nightly"));
    const found = bad(await rehearse(site.context(), id, undefined));
    expect(found).toMatchObject({
      code: "damaged",
      what: expect.stringContaining("the table payments is missing (1 rows)"),
    });
    expect(await server.psql("SELECT count(*) FROM pg_database WHERE datname LIKE '%drill%'")).toBe("0");
  });

  test("the last backup that a drill proved is never dropped", async () => {
    const site = await shop();
    const context = site.context({ keep: 1 });
    const { id } = good(await backUp(context, op("one"), "nightly"));
    good(await rehearse(context, id, undefined));
    for (const name of ["two", "three", "four"]) good(await backUp(context, op(name), "nightly"));
    const database = good(postgresWithCare({ ...site.config, keep: 1 }, site.deps)).database;
    expect(good(await database.backups()).map((one) => one.op)).toEqual(["op-four", "op-one"]);
  });
});

withPostgres("backups of a server that archives its WAL", () => {
  test("the moment gets a name in the archive as well", async () => {
    const server = await postgresBed({ archive_mode: "on", archive_command: "true", wal_level: "replica" });
    await server.psql("SELECT pg_switch_wal()");
    const site = await makeSite(server);
    await expect
      .poll(() => server.psql("SELECT last_archived_time IS NOT NULL FROM pg_stat_archiver"), {
        timeout: 30_000,
      })
      .toBe("t");
    const may = site.context({ adminUrl: secret(server.url) });
    const { id } = good(await backUp(may, op("one"), "nightly"));
    expect(good(await findManifest(may, id)).position.restorePoint).toBe("lastgood-op-one");
    const mayNot = site.context();
    const second = good(await findManifest(mayNot, good(await backUp(mayNot, op("two"), "nightly")).id));
    expect(second.position.restorePoint).toBeNull();
    expect(second.ladder.find(({ way }) => way === "point in time")?.why).toContain("adminUrl");
  });
});

withPostgres("a server that dies while a backup is taken", () => {
  test("leaves no backup; the same op makes it when the server is back", { timeout: 120_000 }, async () => {
    const server = await postgresBed();
    const site = await makeSite(server);
    await site.sql("CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 100) g");
    let dumps = 0;
    const host = watched(site.deps.host, async (command) => {
      if (!command.argv[0].endsWith("pg_dump") || command.argv.includes("--version")) return null;
      if (++dumps > 1) return null;
      await server.stop("SIGKILL");
      return site.deps.host.run(command);
    });
    const context = site.context({}, { host });
    const failed = bad(await backUp(context, op("one"), "nightly"));
    expect(["failed", "unreachable"]).toContain(failed.code);
    expect((await readdir(site.config.backupDir)).filter((name) => name !== ".epoch")).toEqual([]);
    // Its children may hold its memory for a moment longer.
    await expect
      .poll(
        () =>
          server.startAgain().then(
            () => true,
            () => false,
          ),
        { timeout: 60_000 },
      )
      .toBe(true);
    expect(good(await backUp(context, op("one"), "nightly")).rows).toEqual({ orders: 100 });
  });
});

/** `instead` answers for the host, or null to let it run. */
function watched(
  host: Host,
  instead: (command: Command) => Promise<Awaited<ReturnType<Host["run"]>> | null>,
): Host {
  return { ...host, run: async (command, signal) => (await instead(command)) ?? host.run(command, signal) };
}

function ended(exitCode: number, stdout: string, stderr = ""): { ok: true; value: Finished } {
  const rest = { signal: null, timedOut: false, cancelled: false, truncated: false, durationMs: 1 };
  return { ok: true, value: { exitCode, stdout, stderr, ...rest } };
}
