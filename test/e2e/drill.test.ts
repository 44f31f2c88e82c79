// A drill on a real server: the release that matches the backup runs on the restored copy, and only there.
import { spawn } from "node:child_process";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "../../src/app/app.ts";
import { backupNow, backupShow } from "../../src/app/backup.ts";
import { deploy } from "../../src/app/deploy.ts";
import { drill } from "../../src/app/drill.ts";
import { settle } from "../../src/compose/controller.ts";
import type { Tried } from "../../src/core/flows/tried.ts";
import type { Outcome } from "../../src/core/view/outcome.ts";
import { localProcesses } from "../../src/os/processes.ts";
import { laterOn, pause } from "../parts/bed.ts";
import { describeWith } from "../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../parts/postgres.ts";
import { openHere } from "./bed.ts";
import { type ShopOnPostgres, shopOnPostgres, works } from "./shop-on-postgres.ts";

const withPostgres = await describeWith("postgres");
const limitMs = 240_000;
const bin = fileURLToPath(new URL("../../bin/lastgood.js", import.meta.url));
const pg = import.meta.resolve("pg");

/** `other`: where it looks as well, without saying who it is. */
const server = (other = "") => `import { createServer } from "node:http";
import pg from ${JSON.stringify(pg)};
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 2 });
const other = ${JSON.stringify(other)};
if (other !== "") await new pg.Client({ connectionString: other, application_name: "psql" }).connect();
createServer(async (request, answer) => {
  try {
    if (request.url === "/hang") return void setTimeout(() => answer.end("late"), 3_600_000);
    if (request.method === "POST") {
      const { rows } = await pool.query("INSERT INTO orders(body) VALUES ($1) RETURNING id", [process.env.MAIL]);
      return void answer.end(JSON.stringify(rows[0]));
    }
    const { rows } = await pool.query("SELECT count(*)::int AS orders FROM orders");
    answer.end(JSON.stringify(rows[0]));
  } catch (error) {
    answer.statusCode = 500;
    answer.end(String(error));
  }
}).listen(process.env.PORT, "127.0.0.1");
`;

const lines = `    database: { kind: postgres, envFile: .env }
    migrations: { tool: sql, folder: migrations }
    smoke: [ { get: / } ]
    drill: { releases: true, env: { MAIL: nowhere }, beforeMigrations: refuse }
    flows:
      order:
        at: [start]
        steps:
          - { method: POST, path: /orders, capture: { id: { json: /id } } }
          - { path: "/orders/{id}", expect: { contains: ['"orders":'] } }`;

withPostgres("a release on a copy of the database", () => {
  const { later, end } = laterOn();
  const processes = localProcesses();
  const common = { env: "production", by: "test" };
  let postgres: PostgresBed;
  let shop: ShopOnPostgres;
  const version = (name: string, text: string) =>
    writeFile(join(shop.folder, "versions", name, "server.mjs"), text);
  const runtime = () => join(shop.folder, "state", "production", "runtime");
  const aside = () => processes.find("LASTGOOD_STATE", join(runtime(), "trial"));
  const databases = () =>
    postgres.psql(
      "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate",
    );

  /** In a controller of this process, for as long as it lasts. */
  const acting = async <T>(act: (app: App) => Promise<T>): Promise<T> => {
    const opened = await openHere(join(shop.folder, "lastgood.yml"));
    try {
      await settle(opened);
      return await act(opened.app);
    } finally {
      opened.stop();
      await Promise.allSettled([...opened.app.watching.following.values()].map((one) => one.end));
      await opened.glass.idle();
      opened.close();
    }
  };
  const out =
    (name: string, planOnly = false) =>
    (app: App) =>
      deploy(app, {
        ...{ ...common, version: name, planOnly, approved: true, wait: false, lift: "the test goes on" },
      });
  const done = ({ outcome, what, data }: Outcome) => {
    expect(outcome, what).toBe("done");
    return data;
  };
  const drilled = async (name: string): Promise<Outcome> =>
    acting(async (app) => {
      done(await out(name)(app));
      done(await backupNow(app, common));
      return drill(app, { ...common, backup: null });
    });
  const smoke = ({ data }: Outcome) => data["smoke"] as Tried;
  const nothingIsLeft = async () => {
    expect(await databases()).toBe("postgres shop");
    expect(await aside()).toEqual([]);
    expect(await readdir(runtime())).not.toContain("trial");
  };

  beforeAll(async () => {
    postgres = await postgresBed({}, later);
    shop = await shopOnPostgres(postgres, lines, later);
    await shop.psql(
      "CREATE TABLE orders(id serial PRIMARY KEY, body text); INSERT INTO orders(body) VALUES ('one'); CREATE TABLE schema_migrations(name text)",
    );
    await mkdir(join(shop.folder, "migrations"));
    await version("v1", server());
    done(await acting(out("v1")));
  }, limitMs);
  afterAll(end);

  test("the older release is tried on the newer schema; never drilled, no migration goes out", {
    timeout: limitMs,
  }, async () => {
    const migration = join(shop.folder, "migrations", "001.sql");
    const notes = async () => {
      const planned = await acting(out("v2", true));
      expect(planned.outcome, planned.what).toBe("planned");
      return (planned.data["plan"] as { notes: string[] }).notes.join("\n");
    };
    await writeFile(migration, "ALTER TABLE orders ADD COLUMN price int;");
    const harmless = await notes();
    expect(harmless).toContain("v1 runs on the schema of v2: its smoke checks passed on a copy.");
    expect(harmless).toContain("It brings a migration, and no backup was ever drilled");
    const refused = await acting(out("v2"));
    expect(refused.problem).toMatchObject({
      code: "refused",
      what: expect.stringContaining("no backup was ever drilled"),
    });

    await rm(migration);
    await writeFile(
      join(shop.folder, "migrations", "002.sql"),
      "ALTER TABLE orders RENAME COLUMN body TO text;",
    );
    expect(await notes()).toMatch(/v1 does not run on the schema of v2: flow order, POST \/orders: .*body/);
    expect(await shop.psql("SELECT body FROM orders")).toBe("one");
    await nothingIsLeft();
    await rm(join(shop.folder, "migrations", "002.sql"));
  });

  test("the copy is written to, and the live database is as it was", { timeout: limitMs }, async () => {
    await acting(async (app) => done(await backupNow(app, common)));
    const before = await shop.psql("SELECT count(*) FROM orders");
    const said = works(await shop.lastgood("drill", "--json"));
    const tried = said["smoke"] as Tried;
    expect(tried).toMatchObject({ works: "yes", why: null, release: expect.stringMatching(/^v1-/) });
    expect(tried.flows.map(({ name, problem }) => [name, problem])).toEqual([
      ["smoke", null],
      ["order", null],
    ]);
    expect(await shop.psql("SELECT count(*) FROM orders")).toBe(before);
    await nothingIsLeft();
    const shown = await acting((app) =>
      backupShow(app, { env: "production", backup: String(said["backup"]) }),
    );
    expect(shown.means).toContain("and its release passed its smoke checks on it");
  });

  test("a release that looks into the live database too is ended", { timeout: limitMs }, async () => {
    await version("v2", server(postgres.url.replace(/postgres$/, "shop")));
    const said = await drilled("v2");
    expect(said.outcome).toBe("failed");
    expect(smoke(said)).toMatchObject({
      works: "no",
      why: expect.stringContaining("it connected to the live database shop, and was ended at once"),
    });
    await nothingIsLeft();
  });

  test("a release that fails on the data of then is told by its flow", { timeout: limitMs }, async () => {
    await version("v1", `${server()}// once more`);
    await shop.psql("ALTER TABLE orders ADD CHECK (body <> 'nowhere') NOT VALID");
    const said = await drilled("v1");
    await shop.psql("ALTER TABLE orders DROP CONSTRAINT orders_body_check");
    expect(said.outcome).toBe("failed");
    expect(smoke(said).works).toBe("no");
    const [checks, order] = smoke(said).flows;
    expect(checks).toMatchObject({ name: "smoke", problem: null });
    expect(order).toMatchObject({
      name: "order",
      problem: expect.stringContaining("violates check constraint"),
    });
    await nothingIsLeft();
  });

  test("a controller is killed while the release is tried: the next one leaves nothing", {
    timeout: limitMs,
  }, async () => {
    await version(
      "v2",
      server().replace("request.url", `process.env.LASTGOOD_TRIAL ? "/hang" : request.url`),
    );
    await acting(async (app) => {
      done(await out("v2")(app));
      done(await backupNow(app, common));
    });
    const child = spawn(process.execPath, [bin, "--config", join(shop.folder, "lastgood.yml"), "drill"]);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    while ((await aside()).length === 0) await pause(50);
    child.kill("SIGKILL");
    await ended;
    expect(await aside()).not.toEqual([]);
    expect(await databases()).toBe("postgres shop shop_drill_drill");
    await acting(async () => undefined);
    await nothingIsLeft();
  });
});
