// Drizzle's own programs: drizzle-kit writes migrations out of a schema and applies them, and so does drizzle-orm.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { wayWords } from "../../../../src/core/migrations/way.ts";
import { laterOn } from "../../../parts/bed.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { bad, good, op } from "../../database/postgres/site.ts";
import { fine, toolBed } from "./bed.ts";
import { describeWithTool } from "./tools.ts";

const patience = 240_000;
const withDrizzle = await describeWithTool("drizzle");

const schemas = [
  `export const mood = pgEnum("mood", ["ok", "bad"]);
export const users = pgTable("users", { id: serial("id").primaryKey(), email: text("email").notNull().unique(), name: text("name") });`,
  `export const mood = pgEnum("mood", ["ok", "fine", "bad"]);
export const users = pgTable("users", { id: serial("id").primaryKey(), email: varchar("email", { length: 80 }).notNull().unique(), mood: mood("mood"), name: text("name") });
export const posts = pgTable("posts", { id: serial("id").primaryKey(), userId: integer("user_id").notNull().references(() => users.id), at: timestamp("at").defaultNow() }, (t) => [index("posts_at").on(t.at)]);`,
] as const;
const head = `import { index, integer, pgEnum, pgTable, serial, text, timestamp, varchar } from "drizzle-orm/pg-core";\n`;
const byOrm = `import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
const db = drizzle(process.env.DATABASE_URL);
await migrate(db, { migrationsFolder: "migrations" }).finally(() => db.$client.end());\n`;

withDrizzle("Drizzle", (modules) => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  async function shop() {
    const bed = await toolBed(server, { tool: "drizzle", modules });
    await bed.put("package.json", `{ "type": "module" }`);
    await bed.put("migrate.mjs", byOrm);
    await bed.put(
      "drizzle.config.ts",
      `export default { dialect: "postgresql", schema: "./schema.ts", out: "./migrations", dbCredentials: { url: process.env.DATABASE_URL } };\n`,
    );
    const kit = (...args: string[]) => bed.program("drizzle-kit/bin.cjs", args);
    const generate = async (schema: string) => {
      await bed.put("schema.ts", head + schema);
      fine(await kit("generate"));
    };
    return { ...bed, kit, generate, orm: () => bed.program(join(bed.app, "migrate.mjs"), []) };
  }

  test("up by drizzle-kit, down by us, up again by drizzle-orm", { timeout: patience }, async () => {
    const bed = await shop();
    await bed.generate(schemas[0]);
    expect(good(await bed.driver.prove(op("first"), null)).map(wayWords)).toEqual(["reversible"]);
    fine(await bed.kit("migrate"));
    await bed.sql("INSERT INTO users(email, name) VALUES ('a', 'A')");
    await bed.generate(schemas[1]);
    expect(good(await bed.driver.prove(op("second"), null)).map(wayWords)).toEqual(["reversible"]);
    fine(await bed.kit("migrate"));
    const up = good(await bed.driver.status());
    expect([up.applied.length, up.edited, up.pending, up.unknown]).toEqual([2, [], [], []]);
    const { names } = good(await bed.driver.planDown({ count: 1, to: null }));
    expect(good(await bed.driver.down(op("down"), names))).toEqual(names);
    expect(await bed.sql("SELECT to_regclass('posts') IS NULL, enum_range(NULL::mood) FROM users")).toBe(
      "t|{ok,bad}",
    );
    expect(good(await bed.driver.status()).pending).toEqual(names);
    fine(await bed.orm());
    expect(good(await bed.driver.status()).pending).toEqual([]);
    expect(good(await bed.driver.down(op("again"), names))).toEqual(names);
    fine(await bed.kit("migrate"));
    fine(await bed.kit("check"));
    expect(await bed.sql("SELECT count(*) FROM drizzle.__drizzle_migrations")).toBe("2");
  });

  test("what it can't run in its one transaction fails on the copy too, and leaves nothing; an edited one is named", {
    timeout: patience,
  }, async () => {
    const bed = await shop();
    await bed.generate(schemas[0]);
    fine(await bed.orm());
    fine(await bed.kit("generate", "--custom", "--name", "used"));
    const custom = `ALTER TYPE "mood" ADD VALUE 'new';--> statement-breakpoint\nALTER TABLE "users" ADD "m" "mood" DEFAULT 'new';`;
    await bed.write("0001_used.sql", custom);
    const [way] = good(await bed.driver.prove(op("used"), null));
    expect(way && wayWords(way)).toContain("unsafe use of new value");
    const failed = await bed.orm();
    expect([failed.code, failed.said]).toEqual([1, expect.stringContaining("unsafe use of new value")]);
    expect(good(await bed.driver.status())).toMatchObject({ failed: [], pending: [way?.name] });

    await bed.write("0001_used.sql", custom.split("-->")[0] ?? "");
    good(await bed.driver.prove(op("mended"), null));
    fine(await bed.orm());
    await bed.write("0001_used.sql", "SELECT 1;");
    expect(good(await bed.driver.status()).edited).toEqual([way?.name]);
    expect(good(await bed.driver.down(op("down"), [way?.name ?? ""]))).toEqual([way?.name]);
    fine(await bed.orm());
    expect(bad(await bed.driver.planDown({ count: 1, to: null })).what).toContain(
      "what was applied is not what it was made for",
    );
  });
});
