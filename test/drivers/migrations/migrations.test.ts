// Tables as each tool writes them, on a real server; folders as each tool ships them.
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOn, type Tool } from "../../../src/core/migrations/status.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../parts/postgres.ts";
import { bad, good, op } from "../database/postgres/site.ts";
import { type Files, migrationBed, sha256 } from "./bed.ts";

const withPostgres = await describeWith("postgres");
const patience = 60_000;

withPostgres("migrations of a real database", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  const bed = async (tool: Tool, sql: string, files: Files, table: string | null = null) => {
    const made = await migrationBed(server, tool, { sql, files, table });
    return { ...made, ...made.driver };
  };

  test(
    "Prisma: applied, rolled back, failed, edited and unknown ones, by its own table",
    async () => {
      const init = "CREATE TABLE a();";
      const { status } = await bed(
        "prisma",
        `CREATE TABLE _prisma_migrations(id text PRIMARY KEY, checksum text NOT NULL, finished_at timestamptz, migration_name text NOT NULL,
           logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count int NOT NULL DEFAULT 0);
         INSERT INTO _prisma_migrations(id, checksum, migration_name, finished_at, rolled_back_at, started_at) VALUES
           ('1', '${sha256(init)}', '1_init', now(), NULL, '2026-01-01'), ('2', 'other', '2_edited', now(), NULL, '2026-01-02'),
           ('3', 'x', '3_rolled', now(), now(), '2026-01-03'), ('4', 'x', '4_newer', now(), NULL, '2026-01-04'), ('5', 'x', '5_half', NULL, NULL, '2026-01-05')`,
        {
          "1_init/migration.sql": init,
          "2_edited/migration.sql": "CREATE TABLE b();",
          "3_rolled/migration.sql": "",
          "5_half/migration.sql": "",
          "migration_lock.toml": "",
        },
      );
      const seen = good(await status());
      expect(seen).toMatchObject({
        pending: ["3_rolled", "5_half"],
        unknown: ["4_newer"],
        edited: ["2_edited"],
        failed: ["5_half"],
      });
      expect(startOn(seen)).toBe("fails");
    },
    patience,
  );

  test(
    "Drizzle, Knex and node-pg-migrate: a schema that is newer than the folder, and what each makes of it",
    async () => {
      const text = "CREATE TABLE a();";
      const drizzle = await bed(
        "drizzle",
        `CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations(id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
         INSERT INTO drizzle.__drizzle_migrations(hash, created_at) VALUES('${sha256(text)}', 1700000000000), ('z', 1700000009999)`,
        {
          "meta/_journal.json": JSON.stringify({
            entries: [{ idx: 0, when: 1_700_000_000_000, tag: "0000_a" }],
          }),
          "0000_a.sql": text,
        },
      );
      expect(good(await drizzle.status())).toMatchObject({
        unknown: ["1700000009999"],
        edited: [],
        pending: [],
      });
      const knex = await bed(
        "knex",
        `CREATE TABLE knex_migrations(id serial PRIMARY KEY, name text, batch int, migration_time timestamptz DEFAULT now());
         INSERT INTO knex_migrations(name, batch) VALUES('1_a.js', 1), ('2_b.js', 2)`,
        { "1_a.js": "", "types.d.ts": "" },
      );
      const seen = good(await knex.status());
      expect(seen.applied.map(({ name, batch }) => [name, batch])).toEqual([
        ["1_a.js", 1],
        ["2_b.js", 2],
      ]);
      expect([seen.unknown, startOn(seen)]).toEqual([["2_b.js"], "fails"]);
      const node = await bed(
        "node-pg-migrate",
        `CREATE TABLE pgmigrations(id serial PRIMARY KEY, name text NOT NULL, run_on timestamp NOT NULL DEFAULT now());
         INSERT INTO pgmigrations(name) VALUES('1_a')`,
        { "1_a.mjs": "", "2_b.sql": "" },
      );
      expect(good(await node.status())).toMatchObject({ unknown: [], pending: ["2_b"] });
      expect(good(await node.planDown({ count: 1, to: null }))).toEqual({
        names: ["1_a"],
        by: "its own tool",
        ways: [],
      });
    },
    patience,
  );

  const sqlBed = () =>
    bed(
      "sql",
      `CREATE TABLE schema_migrations(version text PRIMARY KEY); INSERT INTO schema_migrations VALUES('001'), ('002'), ('003');
       CREATE TABLE a(id int); CREATE TABLE b(id int); ALTER TABLE a ADD x text;`,
      {
        "001_a.sql": "CREATE TABLE a(id int);",
        "002_b.up.sql": "CREATE TABLE b(id int);",
        "002_b.down.sql": "BEGIN;\nDROP TABLE b;\nCOMMIT;",
        "003_x.sql": "-- migrate:up\nALTER TABLE a ADD x text;\n-- migrate:down\nALTER TABLE a DROP x;\n",
        "004_y.sql": "SELECT 1;",
      },
    );

  test(
    "plain SQL goes down with its rows in one transaction, and the same op again does nothing",
    async () => {
      const one = await sqlBed();
      expect(good(await one.status())).toMatchObject({ pending: ["004_y"], unknown: [] });
      const { names } = good(await one.planDown({ count: 2, to: null }));
      expect(names).toEqual(["003", "002"]);
      expect(good(await one.down(op("down"), names))).toEqual(names);
      expect(
        await one.sql("SELECT to_regclass('b') IS NULL, string_agg(version, ',') FROM schema_migrations"),
      ).toBe("t|001");
      await one.sql("CREATE TABLE b(id int); INSERT INTO schema_migrations VALUES('002')");
      expect(good(await one.down(op("down"), names))).toEqual(names);
      expect(await one.sql("SELECT to_regclass('b') IS NULL")).toBe("f");
      expect(bad(await one.planDown({ count: 5, to: null })).what).toContain("001 has no written way down");
    },
    patience,
  );

  test(
    "a way down that fails leaves nothing of it, nor of those before it",
    async () => {
      const one = await sqlBed();
      await one.sql("CREATE VIEW v AS SELECT * FROM b");
      const failed = bad(await one.down(op("down"), ["003", "002"]));
      expect(failed.what).toMatch(/way down from 002 failed, and nothing of it stays/);
      expect(await one.sql("SELECT string_agg(version, ',') FROM schema_migrations")).toBe("001,002,003");
      await one.sql("SELECT x FROM a");
    },
    patience,
  );

  test(
    "a folder that is not there, and a table of something else, are said",
    async () => {
      const none = await bed("sql", "", { "1_a.sql": "SELECT 1;" });
      expect(good(await none.status())).toMatchObject({ tableThere: false, pending: ["1_a"] });
      const wrong = await bed("prisma", "CREATE TABLE odd(x int)", {}, "odd");
      expect(bad(await wrong.status()).what).toContain("odd is not a table of prisma");
    },
    patience,
  );
});
