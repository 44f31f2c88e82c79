// As people type it: what a deploy says of its migration, what a rollback leaves, and what takes it down.
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ShopOnPostgres, shopOnPostgres, works } from "../../e2e/shop-on-postgres.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { postgresBed } from "../../parts/postgres.ts";
import { prismaTable, sha256 } from "./bed.ts";

const withPostgres = await describeWith("postgres");
const limitMs = 240_000;
const init = { name: "20260101000000_init", text: "CREATE TABLE users(id serial PRIMARY KEY, name text);" };
const next = {
  name: "20260201000000_next",
  text: "ALTER TABLE users DROP COLUMN name, ADD COLUMN phone text;",
};

withPostgres("an app with migrations of Prisma", () => {
  const { later, end } = laterOn();
  let shop: ShopOnPostgres;
  const psql = (sql: string) => shop.psql(sql);
  const applied = ({ name, text }: typeof init) =>
    psql(`BEGIN; ${text} INSERT INTO _prisma_migrations(id, checksum, migration_name, finished_at, applied_steps_count)
      VALUES ('${name}', '${sha256(text)}', '${name}', now(), 1); COMMIT`);
  const ship = async ({ name, text }: typeof init) => {
    await mkdir(join(shop.folder, "prisma", "migrations", name), { recursive: true });
    await writeFile(join(shop.folder, "prisma", "migrations", name, "migration.sql"), text);
  };

  beforeAll(async () => {
    const lines = `    database: { kind: postgres, envFile: .env }
    migrations: { tool: prisma, folder: prisma/migrations }`;
    shop = await shopOnPostgres(await postgresBed({}, later), lines, later);
    await psql(prismaTable);
    await applied(init);
    await psql("INSERT INTO users(name) VALUES ('a'), ('b'), (NULL)");
    await ship(init);
  }, limitMs);
  afterAll(end);

  test("out with a migration, back without it, and the migration down", { timeout: limitMs }, async () => {
    const { folder, lastgood } = shop;
    const label = "reversible, loses 2 values (users.name)";
    works(await lastgood("deploy", "v1", "--yes", "--no-wait", "--json"));
    await ship(next);
    const plan = await lastgood("deploy", "v2", "--plan");
    expect(plan.out).toContain(`The migration ${next.name}: ${label}.`);
    expect((await lastgood("migrate", "status")).out).toContain(`pending  ${next.name}  ${label}`);
    expect(await readdir(join(folder, "state", "production", "migrations"))).toEqual([`${next.name}.json`]);

    await applied(next);
    works(await lastgood("deploy", "v2", "--yes", "--no-wait", "--json"));
    await psql("UPDATE users SET phone = '1' WHERE id = 1");
    const going = await lastgood("rollback", "v1", "--plan");
    expect(going.out).toContain(`The schema stays as v2 made it: ${next.name} (${label}).`);
    works(await lastgood("rollback", "v1", "--yes", "--no-wait", "--json"));
    expect(await psql("SELECT phone FROM users WHERE id = 1")).toBe("1");

    const asked = await lastgood("migrate", "down", "--plan");
    expect(asked.out).toContain("1 value (users.phone) of now go with it");
    const down = works(await lastgood("migrate", "down", "--yes", "--json"));
    expect(down).toMatchObject({
      names: [next.name],
      backup: expect.stringMatching(/^before-migrate-down-/),
    });
    expect(await psql("SELECT count(*) - count(name) FROM users")).toBe("3");
    expect(await psql("SELECT string_agg(migration_name, ',') FROM _prisma_migrations")).toBe(init.name);
    expect((await lastgood("lock", "show")).out).toContain("The lock is free");
    expect((await lastgood("backup", "list")).out).toContain("before-migrate-down-");

    await applied(next);
    works(await lastgood("deploy", "v2", "--lift", "mended", "--yes", "--no-wait", "--json"));
    works(await lastgood("rollback", "v1", "--with-migrations", "--yes", "--no-wait", "--json"));
    expect(await psql("SELECT string_agg(migration_name, ',') FROM _prisma_migrations")).toBe(init.name);
    expect((await lastgood("status")).out).toContain("v1");
  });
});
