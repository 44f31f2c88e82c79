// Knex and node-pg-migrate go down by themselves: what we read of them is what their own programs say.
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOn } from "../../../../src/core/migrations/status.ts";
import { laterOn } from "../../../parts/bed.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { good } from "../../database/postgres/site.ts";
import { fine, toolBed } from "./bed.ts";
import { describeWithTool } from "./tools.ts";

const patience = 240_000;
const withTools = await describeWithTool("knex and node-pg-migrate");

const knexFile = (table: string) =>
  `exports.up = (knex) => knex.schema.createTable("${table}", (t) => t.increments());
exports.down = (knex) => knex.schema.dropTable("${table}");\n`;
const pgFile = (table: string) =>
  `exports.up = (pgm) => pgm.createTable("${table}", { id: "id" });\nexports.down = (pgm) => pgm.dropTable("${table}");\n`;

/** Pairs of SQL files are read by its newer way alone, which its command does not offer. */
const byRunner = `import { runner } from "node-pg-migrate";
await runner({ databaseUrl: process.env.DATABASE_URL, dir: "migrations", direction: "up", migrationsTable: "pgmigrations",
  migrationLoaderStrategies: [{ extensions: [".sql"], loader: "sql" }, { extensions: [".cjs"], loader: "default" }] });\n`;

withTools("Knex and node-pg-migrate", (modules) => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  test("Knex: batches, its list, down one by one, its lock, and a folder that is older", {
    timeout: patience,
  }, async () => {
    const bed = await toolBed(
      server,
      { tool: "knex", modules },
      {
        "001_a.js": knexFile("a"),
        "002_b.js": knexFile("b"),
        "seed.sql": "SELECT 1;",
      },
    );
    await bed.put(
      "knexfile.js",
      `module.exports = { client: "pg", connection: process.env.DATABASE_URL, migrations: { directory: "./migrations" } };\n`,
    );
    const knex = (...args: string[]) => bed.program("knex/bin/cli.js", args);
    expect(good(await bed.driver.status())).toMatchObject({
      tableThere: false,
      pending: ["001_a.js", "002_b.js"],
    });
    fine(await knex("migrate:latest"));
    await bed.write("003_c.js", knexFile("c"));
    expect(good(await bed.driver.status()).pending).toEqual(["003_c.js"]);
    expect(fine(await knex("migrate:list"))).toMatch(/Found 1 Pending Migration[\s\S]*003_c\.js/);
    fine(await knex("migrate:latest"));
    const seen = good(await bed.driver.status());
    expect(seen.applied.map(({ name, batch }) => [name, batch])).toEqual([
      ["001_a.js", 1],
      ["002_b.js", 1],
      ["003_c.js", 2],
    ]);
    const plan = good(await bed.driver.planDown({ count: 2, to: null }));
    expect(plan).toEqual({ names: ["003_c.js", "002_b.js"], by: "its own tool", ways: [] });
    await bed.sql("UPDATE knex_migrations_lock SET is_locked = 1");
    const locked = await knex("migrate:down", "003_c.js");
    expect([locked.code, locked.said]).toEqual([1, expect.stringContaining("already locked")]);
    await bed.sql("UPDATE knex_migrations_lock SET is_locked = 0");
    for (const name of plan.names) fine(await knex("migrate:down", name));
    expect(good(await bed.driver.status()).pending).toEqual(["002_b.js", "003_c.js"]);
    fine(await knex("migrate:latest"));

    await rename(join(bed.folder, "003_c.js"), join(bed.app, "003_c.js"));
    const behind = good(await bed.driver.status());
    expect([behind.unknown, startOn(behind)]).toEqual([["003_c.js"], "fails"]);
    const refused = await knex("migrate:latest");
    expect([refused.code, refused.said]).toEqual([
      1,
      expect.stringContaining("migration directory is corrupt"),
    ]);
  });

  test("node-pg-migrate: names without endings, pairs of files, its own way down", {
    timeout: patience,
  }, async () => {
    const bed = await toolBed(
      server,
      { tool: "node-pg-migrate", modules },
      {
        "1_a.cjs": pgFile("a"),
        "2_b.sql": "-- Up Migration\nCREATE TABLE b(id int);\n-- Down Migration\nDROP TABLE b;\n",
      },
    );
    await bed.put("up.mjs", byRunner);
    const tool = (...args: string[]) => bed.program("node-pg-migrate/bin/node-pg-migrate.js", args);
    expect(good(await bed.driver.status()).pending).toEqual(["1_a", "2_b"]);
    fine(await tool("up"));
    expect(good(await bed.driver.status())).toMatchObject({ pending: [], unknown: [] });
    expect(good(await bed.driver.planDown({ count: 1, to: null })).names).toEqual(["2_b"]);
    fine(await tool("down", "1"));
    expect(good(await bed.driver.status()).pending).toEqual(["2_b"]);
    await bed.write("3_c.up.sql", "CREATE TABLE c(id int);");
    await bed.write("3_c.down.sql", "DROP TABLE c;");
    expect(good(await bed.driver.status()).pending).toEqual(["2_b", "3_c"]);
    fine(await bed.program(join(bed.app, "up.mjs"), []));
    const up = good(await bed.driver.status());
    expect([up.applied.map(({ name }) => name), up.pending, up.unknown]).toEqual([
      ["1_a", "2_b", "3_c"],
      [],
      [],
    ]);
    await rename(join(bed.folder, "1_a.cjs"), join(bed.app, "1_a.cjs"));
    expect(good(await bed.driver.status()).unknown).toEqual(["1_a"]);
  });
});
