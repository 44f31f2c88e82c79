// Prisma's own program goes up; we look, go down; then it is asked again what it sees.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOn } from "../../../../src/core/migrations/status.ts";
import { wayWords } from "../../../../src/core/migrations/way.ts";
import { laterOn } from "../../../parts/bed.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { bad, good, op } from "../../database/postgres/site.ts";
import { fine, toolBed } from "./bed.ts";
import { describeWithTool } from "./tools.ts";

const patience = 240_000;
const majors = ["6", "7"] as const;
const describeWith = {
  "6": await describeWithTool("prisma 6"),
  "7": await describeWithTool("prisma 7"),
};

const init = {
  name: "20260101000000_init",
  text: `CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
CREATE TABLE "User" ("id" SERIAL NOT NULL, "email" TEXT NOT NULL, "name" TEXT, "role" "Role" NOT NULL DEFAULT 'USER', CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");\n`,
};
const next = {
  name: "20260201000000_next",
  text: `-- AlterTable\nALTER TABLE "User" RENAME COLUMN "name" TO "fullName";
ALTER TABLE "User" ADD COLUMN "phone" TEXT NOT NULL DEFAULT '';
-- CreateTable\nCREATE TABLE "Post" ("id" SERIAL NOT NULL, "authorId" INTEGER NOT NULL, CONSTRAINT "Post_pkey" PRIMARY KEY ("id"));
-- AddForeignKey\nALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;\n`,
};
const newRole = { name: "20260202000000_role", text: `-- AlterEnum\nALTER TYPE "Role" ADD VALUE 'OWNER';\n` };
/** As Prisma writes it where a value goes. */
const rebuilt = {
  name: "20260203000000_roles",
  text: `-- AlterEnum\nBEGIN;\nCREATE TYPE "Role_new" AS ENUM ('USER', 'ADMIN', 'GUEST');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;\nALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TYPE "Role" RENAME TO "Role_old";\nALTER TYPE "Role_new" RENAME TO "Role";\nDROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'USER';\nCOMMIT;\n`,
};
const apart = {
  name: "20260204000000_apart",
  text: `CREATE INDEX CONCURRENTLY "User_name_idx" ON "User"("email", "role");\n`,
};

for (const major of majors)
  describeWith[major](`Prisma ${major}`, (modules) => {
    const { later, end } = laterOn();
    let server: PostgresBed;
    beforeAll(async () => {
      server = await postgresBed({}, later);
    }, patience);
    afterAll(end);

    /** The adapter of Prisma 6 cuts a migration at each semicolon: what needs it whole, as binaries send it, is for 7. */
    const whole = (...all: Parameters<typeof test>) => (major === "7" ? test(...all) : undefined);

    async function shop(schema: string | null = null) {
      const table = schema === null ? null : `${schema}._prisma_migrations`;
      const bed = await toolBed(
        server,
        { tool: "prisma", modules, table },
        {
          "migration_lock.toml": 'provider = "postgresql"\n',
        },
      );
      const url = `${bed.config.url.reveal()}${schema === null ? "" : `?schema=${schema}`}`;
      const own = major === "6" ? await six(bed, url, schema) : await seven(bed, url);
      const prisma = (...args: string[]) =>
        bed.program("prisma/build/index.js", args, { ...own, DATABASE_URL: url });
      const ship = (...all: (typeof init)[]) =>
        Promise.all(all.map(({ name, text }) => bed.write(`${name}/migration.sql`, text)));
      const deploy = () => prisma("migrate", "deploy");
      await ship(init);
      fine(await deploy());
      await bed.sql(
        `${schema === null ? "" : `SET search_path TO ${schema};`} INSERT INTO "User"(email, name) VALUES ('a', 'A'), ('b', NULL)`,
      );
      return { ...bed, prisma, ship, deploy, status: () => prisma("migrate", "status") };
    }
    type Shop = Awaited<ReturnType<typeof shop>>;

    async function there(bed: Shop, ...all: (typeof init)[]): Promise<readonly string[]> {
      await bed.ship(...all);
      const ways = good(await bed.driver.prove(op(`prove-${all[0]?.name}`), "r2"));
      fine(await bed.deploy());
      return ways.map(wayWords);
    }

    test("up by Prisma, down by us, up again: at each point it says what we say", {
      timeout: patience,
    }, async () => {
      const bed = await shop();
      const before = await bed.sql(`SELECT u FROM "User" u ORDER BY id`);
      const words = await there(bed, next, newRole, rebuilt, apart);
      expect(words).toEqual(["reversible", "reversible", "reversible", "reversible"]);
      const all = [init, next, newRole, rebuilt, apart].map(({ name }) => name);
      const up = good(await bed.driver.status());
      expect(up.applied.map(({ name }) => name)).toEqual(all);
      expect([up.edited, up.pending, up.failed, up.unknown]).toEqual([[], [], [], []]);
      expect(fine(await bed.status())).toContain("Database schema is up to date");

      const names = all.slice(1).toReversed();
      expect(good(await bed.driver.planDown({ count: 4, to: null })).names).toEqual(names);
      expect(good(await bed.driver.down(op("down"), names))).toEqual(names);
      expect(await bed.sql(`SELECT u FROM "User" u ORDER BY id`)).toBe(before);
      expect(good(await bed.driver.status()).pending).toEqual(all.slice(1));
      const behind = await bed.status();
      expect(behind.code).toBe(1);
      for (const name of names) expect(behind.said).toContain(name);
      expect(behind.said).not.toContain(`${init.name}\n${next.name}`);

      fine(await bed.deploy());
      expect(fine(await bed.status())).toContain("Database schema is up to date");
      expect(good(await bed.driver.down(op("again"), names))).toEqual(names);
      expect(await bed.sql(`SELECT u FROM "User" u ORDER BY id`)).toBe(before);
    });

    whole(
      "one that fails and leaves nothing: foretold, P3009, settled by us, and Prisma goes on",
      {
        timeout: patience,
      },
      async () => {
        const bed = await shop();
        const broken = {
          name: "20260201000000_broken",
          text: `ALTER TABLE "User" ADD COLUMN "x" INTEGER;\nALTER TABLE "None" ADD COLUMN "y" INTEGER;\n`,
        };
        await bed.ship(broken);
        const [way] = good(await bed.driver.prove(op("prove"), null));
        expect(way && wayWords(way)).toContain("it fails on a copy of the database");
        const failed = await bed.deploy();
        expect([failed.code, failed.said]).toEqual([1, expect.stringContaining("None")]);
        expect((await bed.deploy()).said).toContain("P3009");
        const seen = good(await bed.driver.status());
        expect([seen.failed, startOn(seen)]).toEqual([[broken.name], "fails"]);
        expect(good(await bed.driver.planDown({ count: 1, to: null })).names).toEqual([broken.name]);
        good(await bed.driver.down(op("down"), [broken.name]));
        expect(good(await bed.driver.status()).failed).toEqual([]);
        expect((await bed.status()).said).not.toContain("have failed");
        await bed.ship({ ...broken, text: `ALTER TABLE "User" ADD COLUMN "x" INTEGER;\n` });
        good(await bed.driver.prove(op("prove-2"), null));
        fine(await bed.deploy());
        expect(good(await bed.driver.down(op("down-2"), [broken.name]))).toEqual([broken.name]);
        expect((await bed.status()).said).toContain(broken.name);
      },
    );

    test("one that fails behind a COMMIT of its own leaves half: nothing goes down, and that is said", {
      timeout: patience,
    }, async () => {
      const bed = await shop();
      const half = {
        name: "20260201000000_half",
        text: `BEGIN;\nALTER TABLE "User" ADD COLUMN "x" INTEGER;\nCOMMIT;\nALTER TABLE "None" ADD COLUMN "y" INTEGER;\n`,
      };
      await bed.ship(half);
      good(await bed.driver.prove(op("prove"), null));
      expect((await bed.deploy()).said).toContain("None");
      expect(bad(await bed.driver.planDown({ count: 1, to: null })).what).toContain("failed half-way");
      expect(bad(await bed.driver.down(op("down"), [half.name])).what).toContain("nothing was changed");
      expect(await bed.sql(`SELECT x FROM "User" LIMIT 0`)).toBe("");
      expect((await bed.deploy()).said).toContain("P3009");
    });

    whole(
      "CONCURRENTLY beside another statement fails at both; so does a new value of an enum that is used at once",
      {
        timeout: patience,
      },
      async () => {
        const bed = await shop();
        const two = {
          name: "20260201000000_two",
          text: `${apart.text}ALTER TABLE "User" ADD COLUMN "x" INTEGER;\n`,
        };
        await bed.ship(two);
        const [way] = good(await bed.driver.prove(op("two"), null));
        expect(way && wayWords(way)).toContain("CONCURRENTLY");
        expect((await bed.deploy()).said).toContain("CONCURRENTLY");
        good(await bed.driver.down(op("down"), [two.name]));
        await bed.ship({
          ...two,
          text: `${newRole.text}ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'OWNER';\n`,
        });
        const [used] = good(await bed.driver.prove(op("used"), null));
        expect(used && wayWords(used)).toContain("unsafe use of new value");
        expect((await bed.deploy()).said).toContain("unsafe use of new value");
        good(await bed.driver.down(op("down-2"), [two.name]));
        expect((await bed.status()).said).not.toContain("have failed");
      },
    );

    test("while Prisma migrates we look, and do not go down; afterwards both go on", {
      timeout: patience,
    }, async () => {
      const bed = await shop();
      await there(bed, newRole);
      const wait = { name: "20260301000000_wait", text: `ALTER TABLE "User" ADD COLUMN "x" INTEGER;\n` };
      await bed.ship(wait);
      good(await bed.driver.prove(op("wait"), null));
      const holder = good(await bed.context().app.connect());
      good(await holder.query(`BEGIN; LOCK TABLE "User" IN ACCESS SHARE MODE`));
      const deploying = bed.deploy();
      const held = () =>
        server.psql(
          `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 72707369 AND granted`,
        );
      await expect.poll(held, { timeout: 60_000 }).toBe("1");
      await expect
        .poll(async () => good(await bed.driver.status()).failed, { timeout: 60_000 })
        .toEqual([wait.name]);
      expect(bad(await bed.driver.down(op("down"), [newRole.name]))).toMatchObject({
        code: "busy",
        what: expect.stringContaining("holds its lock"),
      });
      await holder.close();
      fine(await deploying);
      const names = [wait.name, newRole.name];
      expect(good(await bed.driver.down(op("after"), names))).toEqual(names);
      expect((await bed.status()).said).toContain(wait.name);
    });

    test("one that was edited after it was applied is named, and goes down as it was applied", {
      timeout: patience,
    }, async () => {
      const bed = await shop();
      await there(bed, newRole);
      await bed.ship({ ...newRole, text: `ALTER TYPE "Role" ADD VALUE 'BOSS';\n` });
      expect(good(await bed.driver.status())).toMatchObject({ edited: [newRole.name], pending: [] });
      fine(await bed.status()); // Prisma itself looks at it in development only
      expect(good(await bed.driver.down(op("down"), [newRole.name]))).toEqual([newRole.name]);
      fine(await bed.deploy());
      expect(await bed.sql(`SELECT enum_range(NULL::"Role")`)).toBe("{USER,ADMIN,BOSS}");
      expect(bad(await bed.driver.planDown({ count: 1, to: null })).what).toContain(
        "what was applied is not what it was made for",
      );
    });

    whole("in a schema of its own, by ?schema= of the URL", { timeout: patience }, async () => {
      const bed = await shop("shop");
      expect(await there(bed, next, newRole)).toEqual(["reversible", "reversible"]);
      const names = [newRole.name, next.name];
      expect(good(await bed.driver.planDown({ count: 2, to: null })).names).toEqual(names);
      expect(good(await bed.driver.down(op("down"), names))).toEqual(names);
      expect(
        await bed.sql(
          `SELECT to_regclass('shop."Post"') IS NULL, count(*) FROM shop."User" WHERE name = 'A'`,
        ),
      ).toBe("t|1");
      expect((await bed.status()).said).toContain(next.name);
      fine(await bed.deploy());
      expect(fine(await bed.status())).toContain("Database schema is up to date");
    });

    /** Its program has the engine as WebAssembly, and takes it where a driver adapter is given. */
    async function six(bed: Awaited<ReturnType<typeof toolBed>>, url: string, schema: string | null) {
      await bed.put(
        "schema.prisma",
        `datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n`,
      );
      await bed.put(
        "prisma.config.ts",
        `import { PrismaPg } from "@prisma/adapter-pg";
export default { schema: "schema.prisma", experimental: { adapter: true }, engine: "js",
  adapter: async () => new PrismaPg({ connectionString: ${JSON.stringify(url)} }, ${schema === null ? "{}" : JSON.stringify({ schema })}) };\n`,
      );
      await bed.put("no-engine", "#!/bin/sh\nexit 1\n", 0o755); // or it asks the network for one
      return {
        PRISMA_SCHEMA_ENGINE_BINARY: join(bed.app, "no-engine"),
        PRISMA_QUERY_ENGINE_LIBRARY: join(bed.app, "no-engine"),
      };
    }

    /** Its program wants a schema engine to start. */
    async function seven(bed: Awaited<ReturnType<typeof toolBed>>, url: string) {
      await bed.put("schema.prisma", `datasource db {\n  provider = "postgresql"\n}\n`);
      await bed.put(
        "prisma.config.ts",
        `export default { schema: "schema.prisma", datasource: { url: ${JSON.stringify(url)} } };\n`,
      );
      const engine = join(import.meta.dirname, "prisma-engine.mjs");
      await bed.put("schema-engine", `#!/bin/sh\nexec "${process.execPath}" "${engine}" "$@"\n`, 0o755);
      return { PRISMA_SCHEMA_ENGINE_BINARY: join(bed.app, "schema-engine"), PRISMA_MODULES: modules };
    }
  });
