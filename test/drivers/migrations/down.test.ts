// Going down a way that was made: what holds it up, what it is kept as, and the formats of other tools.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { wayWords } from "../../../src/core/migrations/way.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../parts/postgres.ts";
import { bad, good, op } from "../database/postgres/site.ts";
import { drizzleTable, migrationBed, prismaDeploy, prismaTable, sha256, whole } from "./bed.ts";

const withPostgres = await describeWith("postgres");
const patience = 120_000;

const users = `CREATE TABLE users(id serial PRIMARY KEY, email text NOT NULL); INSERT INTO users(email) VALUES ('a'), ('b');`;
const first = { name: "20260101000000_phone", text: "ALTER TABLE users ADD COLUMN phone text;" };
const second = { name: "20260102000000_mobile", text: "ALTER TABLE users RENAME COLUMN phone TO mobile;" };

withPostgres("going down a way that was made", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  async function deployed(...names: (typeof first)[]) {
    const files = Object.fromEntries(names.map(({ name, text }) => [`${name}/migration.sql`, text]));
    const bed = await migrationBed(server, "prisma", { sql: `${prismaTable}${users}`, files });
    const ways = good(await bed.driver.prove(op("prove"), "r2"));
    for (const { name, text } of names) await prismaDeploy(bed, name, text);
    const columns = () =>
      bed.sql(
        "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped",
      );
    return { ...bed, ways, columns };
  }

  test(
    "one of two, or both; the copy is gone, and so are its files",
    async () => {
      const bed = await deployed(first, second);
      expect(bed.ways.map(wayWords)).toEqual(["reversible", "reversible"]);
      expect(await server.psql("SELECT count(*) FROM pg_database WHERE datname LIKE '%migrations%'")).toBe(
        "0",
      );
      expect((await readdir(bed.config.backupDir)).filter((name) => !name.startsWith(".epoch"))).toEqual([]);
      const both = good(await bed.driver.planDown({ count: 2, to: null }));
      expect(both.ways.map(({ way, takes }) => [way.name, takes])).toEqual([
        [second.name, []],
        [first.name, null],
      ]);
      expect(good(await bed.driver.down(op("one"), [second.name]))).toEqual([second.name]);
      expect(await bed.columns()).toBe("id,email,phone");
      expect(good(await bed.driver.down(op("two"), [first.name]))).toEqual([first.name]);
      expect(await bed.columns()).toBe("id,email");
      expect(good(await bed.driver.wentDown("op-two"))).toEqual([first.name]);
      expect(good(await bed.driver.wentDown("op-three"))).toBeNull();
    },
    patience,
  );

  test(
    "both at once are one transaction, and the same op again does nothing",
    async () => {
      const bed = await deployed(first, second);
      const names = [second.name, first.name];
      expect(good(await bed.driver.down(op("both"), names))).toEqual(names);
      expect(await bed.columns()).toBe("id,email");
      await prismaDeploy(bed, first.name, first.text);
      expect(good(await bed.driver.down(op("both"), names))).toEqual(names);
      expect(await bed.columns()).toBe("id,email,phone");
    },
    patience,
  );

  test(
    "while Prisma holds its lock nothing goes down, and who holds it is named",
    async () => {
      const bed = await deployed(first);
      const prisma = good(await bed.context().app.connect());
      good(await prisma.query("SET application_name = 'schema-engine'; SELECT pg_advisory_lock(72707369)"));
      const held = bad(await bed.driver.down(op("down"), [first.name]));
      expect(held).toMatchObject({ code: "busy" });
      expect(held.what).toContain(`session ${prisma.pid} (schema-engine`);
      expect(await bed.columns()).toBe("id,email,phone");
      await prisma.close();
      await expect
        .poll(async () => (await bed.driver.down(op("down"), [first.name])).ok, { timeout: 30_000 })
        .toBe(true);
    },
    patience,
  );

  test(
    "a table that somebody holds: nobody waits behind us for long, and nothing is changed",
    async () => {
      const bed = await deployed(first);
      const reader = good(await bed.context().app.connect());
      good(await reader.query("BEGIN; SELECT * FROM users"));
      const held = bad(await bed.driver.down(op("down"), [first.name]));
      expect(held).toMatchObject({ code: "busy", what: expect.stringContaining("nothing of it stays") });
      await reader.close();
      expect(await bed.columns()).toBe("id,email,phone");
      expect(await bed.sql("SELECT count(*) FROM _prisma_migrations")).toBe("1");
    },
    patience,
  );

  test(
    "a server that ends the session in the middle: all as it was, and the same op can go on",
    async () => {
      const bed = await deployed(first);
      const reader = good(await bed.context().app.connect());
      good(await reader.query("BEGIN; SELECT * FROM users"));
      const going = bed.driver.down(op("down"), [first.name]);
      const waiting = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%DROP COLUMN%'";
      await expect.poll(() => server.psql(`SELECT count(*) ${waiting}`), { timeout: 20_000 }).toBe("1");
      await server.psql(`SELECT pg_terminate_backend(pid) ${waiting}`);
      expect(bad(await going).code).toBe("unreachable");
      expect(good(await bed.driver.wentDown("op-down"))).toBeNull();
      expect(await bed.columns()).toBe("id,email,phone");
      await reader.close();
      expect(good(await bed.driver.down(op("down"), [first.name]))).toEqual([first.name]);
      expect(await bed.columns()).toBe("id,email");
    },
    patience,
  );

  test(
    "partitions and extensions that came since are no change of the schema",
    async () => {
      const text = "CREATE TABLE log(at date NOT NULL) PARTITION BY RANGE (at);";
      const bed = await migrationBed(server, "prisma", {
        sql: `${prismaTable}${users}`,
        files: { [`${first.name}/migration.sql`]: text },
      });
      expect(good(await bed.driver.prove(op("prove"), null)).map(wayWords)).toEqual(["reversible"]);
      await prismaDeploy(bed, first.name, text);
      await bed.sql("CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')");
      await server.psql("CREATE EXTENSION pg_trgm", bed.database);
      expect(good(await bed.driver.down(op("down"), [first.name]))).toEqual([first.name]);
    },
    patience,
  );

  test(
    "a schema that was changed by hand since is not touched",
    async () => {
      const bed = await deployed(first);
      await bed.sql("ALTER TABLE users ADD COLUMN hand text");
      expect(bad(await bed.driver.planDown({ count: 1, to: null }))).toMatchObject({ code: "conflict" });
      expect(bad(await bed.driver.down(op("down"), [first.name])).what).toMatch(
        /not the one that its way down was tried on/,
      );
      expect(await bed.columns()).toBe("id,email,phone,hand");
    },
    patience,
  );

  test(
    "it is kept with its release and its digest, made once, and found with the code gone back",
    async () => {
      const bed = await deployed(first);
      const file = join(bed.kept, `${first.name}.json`);
      const before = await readFile(file, "utf8");
      expect(JSON.parse(before)).toMatchObject({
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        way: { release: "r2" },
      });
      good(await bed.driver.down(op("down"), [first.name]));
      good(await bed.driver.prove(op("again"), "r3"));
      expect(await readFile(file, "utf8")).toBe(before);
      await prismaDeploy(bed, first.name, first.text);
      await writeFile(join(bed.folder, first.name, "migration.sql"), "SELECT 1;");
      expect(good(await bed.driver.status()).edited).toEqual([first.name]);
      expect(good(await bed.driver.down(op("down-again"), [first.name]))).toEqual([first.name]);
    },
    patience,
  );

  test(
    "one that is not as it was written is run by nobody",
    async () => {
      const bed = await deployed(first);
      const file = join(bed.kept, `${first.name}.json`);
      await writeFile(file, (await readFile(file, "utf8")).replace("DROP COLUMN phone", "DROP COLUMN email"));
      expect(bad(await bed.driver.planDown({ count: 1, to: null }))).toMatchObject({
        code: "damaged",
        where: file,
      });
      expect(bad(await bed.driver.down(op("down"), [first.name])).code).toBe("damaged");
      expect(await bed.columns()).toBe("id,email,phone");
    },
    patience,
  );

  test(
    "what was applied is not what the way was made for: it does not count",
    async () => {
      const bed = await migrationBed(server, "prisma", {
        sql: `${prismaTable}${users}`,
        files: { [`${first.name}/migration.sql`]: first.text },
      });
      good(await bed.driver.prove(op("prove"), null));
      await prismaDeploy(bed, first.name, `${first.text} CREATE TABLE more();`);
      expect(bad(await bed.driver.planDown({ count: 1, to: null })).what).toMatch(
        /what was applied is not what it was made for/,
      );
      expect(bad(await bed.driver.down(op("down"), [first.name])).code).toBe("missing");
    },
    patience,
  );

  test(
    "Drizzle: statements by its marks, and the row by its time",
    async () => {
      const text = `CREATE TYPE "public"."mood" AS ENUM('ok', 'bad');--> statement-breakpoint
CREATE TABLE "posts" (\n\t"id" serial PRIMARY KEY NOT NULL,\n\t"user_id" integer NOT NULL,\n\t"mood" "mood" DEFAULT 'ok'\n);
--> statement-breakpoint\nALTER TABLE "users" ALTER COLUMN "email" SET DATA TYPE varchar(80);--> statement-breakpoint
ALTER TABLE "posts" ADD CONSTRAINT "posts_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;`;
      const when = 1_767_225_600_000;
      const bed = await migrationBed(server, "drizzle", {
        sql: `${drizzleTable}${users}`,
        files: {
          "meta/_journal.json": JSON.stringify({
            version: "7",
            dialect: "postgresql",
            entries: [{ idx: 0, version: "7", when, tag: "0000_next", breakpoints: true }],
          }),
          "0000_next.sql": text,
        },
      });
      expect(good(await bed.driver.prove(op("prove"), null)).map(wayWords)).toEqual(["reversible"]);
      const statements = text.split("--> statement-breakpoint").join("\n");
      await whole(
        bed,
        `BEGIN; ${statements}\n INSERT INTO drizzle.__drizzle_migrations(hash, created_at) VALUES ('${sha256(text)}', ${when}); COMMIT`,
      );
      expect(good(await bed.driver.planDown({ count: 1, to: null })).ways[0]?.takes).toEqual([]);
      expect(good(await bed.driver.down(op("down"), [String(when)]))).toEqual([String(when)]);
      expect(
        await bed.sql(
          "SELECT to_regclass('posts') IS NULL, to_regtype('mood') IS NULL, count(*) FROM drizzle.__drizzle_migrations",
        ),
      ).toBe("t|t|0");
    },
    patience,
  );

  test(
    "plain SQL: what its author wrote is tried too, and where there is nothing, a way is made",
    async () => {
      const bed = await migrationBed(server, "sql", {
        sql: `CREATE TABLE schema_migrations(version text PRIMARY KEY);${users}`,
        files: {
          "001_a.sql":
            "-- migrate:up\nALTER TABLE users ADD a int, ADD b int;\n-- migrate:down\nALTER TABLE users DROP a;\n",
          "002_c.sql": "ALTER TABLE users ADD c int;",
        },
      });
      const ways = good(await bed.driver.prove(op("prove"), null));
      expect(ways.map(wayWords)).toEqual([
        "restore only: after up and down the schema is another one: column public.users.b",
        expect.stringContaining("it comes after 001_a"),
      ]);
      await bed.write(
        "001_a.sql",
        "-- migrate:up\nALTER TABLE users ADD a int;\n-- migrate:down\nALTER TABLE users DROP a;\n",
      );
      expect(good(await bed.driver.prove(op("prove"), null)).map(wayWords)).toEqual([
        "reversible",
        "reversible",
      ]);
      await whole(
        bed,
        "ALTER TABLE users ADD a int; ALTER TABLE users ADD c int; INSERT INTO schema_migrations VALUES ('001'), ('002')",
      );
      expect(good(await bed.driver.planDown({ count: 2, to: null })).names).toEqual(["002", "001"]);
      expect(good(await bed.driver.down(op("down"), ["002", "001"]))).toEqual(["002", "001"]);
      expect(await bed.sql("SELECT count(*) FROM schema_migrations")).toBe("0");
    },
    patience,
  );

  test(
    "nothing pending, or a tool that goes down by itself: nothing is copied",
    async () => {
      const none = await migrationBed(server, "prisma", { sql: `${prismaTable}${users}` });
      expect(good(await none.driver.prove(op("prove"), null))).toEqual([]);
      const knex = await migrationBed(server, "knex", { files: { "1_a.js": "" } });
      expect(good(await knex.driver.prove(op("prove"), null))).toEqual([]);
      expect(await readdir(none.kept).catch(() => "none")).toBe("none");
    },
    patience,
  );

  test(
    "a role that may not make databases: refused with what to do",
    async () => {
      const bed = await migrationBed(server, "prisma", {
        sql: `${prismaTable}${users}`,
        files: { [`${first.name}/migration.sql`]: first.text },
      });
      await server.psql(`ALTER ROLE ${new URL(bed.config.url.reveal()).username} NOCREATEDB`);
      expect(bad(await bed.driver.prove(op("prove"), null))).toMatchObject({
        code: "refused",
        next: expect.stringContaining("adminUrl"),
      });
    },
    patience,
  );
});
