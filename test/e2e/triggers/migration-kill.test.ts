// kill -9 of the controller at every boundary of a rollback that takes code and schema back by itself, on a real server.
// `npm run long` runs this: once before and once after each append is durable. LASTGOOD_KILLS: only so many, spread evenly.
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { settle } from "../../../src/compose/controller.ts";
import { envState } from "../../../src/core/state.ts";
import { prismaTable, sha256 } from "../../drivers/migrations/bed.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { postgresBed } from "../../parts/postgres.ts";
import { openHere } from "../bed.ts";
import { type ShopOnPostgres, shopOnPostgres, works } from "../shop-on-postgres.ts";
import { until } from "./bed.ts";

const kills = Number(process.env["LASTGOOD_KILLS"] ?? Number.POSITIVE_INFINITY);
const limitMs = 1_800_000;
const killable = fileURLToPath(new URL("./report-killable.ts", import.meta.url));
const init = {
  name: "20260101000000_init",
  text: "CREATE TABLE orders(id text PRIMARY KEY); CREATE TABLE payments(id text PRIMARY KEY, cents integer);",
};
const amount = {
  name: "20260201000000_amount",
  text: "ALTER TABLE orders ADD COLUMN note text; ALTER TABLE payments RENAME COLUMN cents TO amount;",
};

const withPostgres = await describeWith("postgres");

withPostgres("kill -9 in the middle of a rollback of code and schema that nobody asked for", () => {
  const { later, end } = laterOn();
  let shop: ShopOnPostgres;
  let config: string;
  let url: string;
  const psql = (sql: string) => shop.psql(sql);
  const ship = async ({ name, text }: typeof init) => {
    await mkdir(join(shop.folder, "prisma", "migrations", name), { recursive: true });
    await writeFile(join(shop.folder, "prisma", "migrations", name, "migration.sql"), text);
  };
  const apply = ({ name, text }: typeof init) =>
    psql(`BEGIN; ${text} INSERT INTO _prisma_migrations(id, checksum, migration_name, finished_at, applied_steps_count)
      VALUES ('${name}', '${sha256(text)}', '${name}', now(), 1); COMMIT`);
  const deploy = async (version: string) =>
    works(await shop.lastgood("deploy", version, "--lift", "again", "--yes", "--no-wait", "--json"));

  const rollback = () => shop.lastgood("rollback", "v1", "--with-migrations", "--yes", "--no-wait", "--json");

  beforeAll(async () => {
    const server = await postgresBed({}, later);
    const lines = `    database: { kind: postgres, envFile: .env }
    migrations: { tool: prisma, folder: prisma/migrations }
    policy: { limits: { acts: 1000 } }`;
    shop = await shopOnPostgres(server, lines, later);
    config = join(shop.folder, "lastgood.yml");
    url = server.url.replace(/postgres$/, "shop");
    await psql(prismaTable);
    await apply(init);
    await ship(init);
    await deploy("v1");
    await becameGood();
    await ship(amount);
    works(await shop.lastgood("deploy", "v2", "--plan", "--json"));
  }, limitMs);
  afterAll(end, limitMs);

  async function becameGood(): Promise<void> {
    const { app, close } = await openHere(config);
    const release = envState(app.deps.ledger.state(), "production").serving ?? "";
    app.deps.ledger.record([
      { type: "release.became-good", data: { env: "production", release, why: "the test says so" } },
    ]);
    close();
  }

  /** By a controller of its own, as any command does before it does anything else. */
  async function settled() {
    const opened = await openHere(config);
    await settle(opened);
    const state = opened.app.deps.ledger.state();
    const env = envState(state, "production");
    const route = await opened.app.sites.get("production")?.world.traffic("web").now();
    opened.close();
    if (!route?.ok) throw new Error(route?.error.what ?? "no route");
    const { backend, held } = route.value;
    return { run: env.run, seq: state.seq, serves: backend?.release?.split("-")[0] ?? null, held };
  }

  async function schema() {
    const [names, column] = [
      await psql("SELECT string_agg(migration_name, ',' ORDER BY migration_name) FROM _prisma_migrations"),
      await psql(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'payments' AND column_name <> 'id'",
      ),
    ];
    return { newer: names.includes(amount.name), column };
  }

  async function oneKill(at: number, phase: "before" | "after") {
    await apply(amount);
    await deploy("v2");
    const writer = await writes(url);
    await writer.more();
    const { died, appends } = await reports(config, at, phase);
    await writer.more();
    const first = await settled();
    const second = await settled();
    await writer.more();
    const acknowledged = await writer.stop();
    expect(second.seq, "the second recovery is a no-op").toBe(first.seq);
    expect(second).toMatchObject({ run: null, held: false });
    // Asked there: what psql says is cut where it is much.
    expect(
      await psql(
        `SELECT id FROM unnest(string_to_array('${acknowledged.join(",")}', ',')) AS id EXCEPT SELECT id FROM orders`,
      ),
    ).toBe("");
    const stands = await schema();
    if (second.serves === "v2") expect(stands).toEqual({ newer: true, column: "amount" });
    else expect([second.serves, stands]).toEqual(["v1", { newer: false, column: "cents" }]);
    return { died, appends, serves: second.serves };
  }

  test(
    "at each boundary: all-old once it was decided, nothing lost, and a second recovery finds nothing to do",
    async () => {
      const whole = await oneKill(0, "before");
      expect(whole).toMatchObject({ died: false, serves: "v1" });
      expect(whole.appends).toBeGreaterThan(12);
      const boundaries = Array.from({ length: whole.appends }, (_, at) => at + 1);
      const all = boundaries.flatMap((at) => (["before", "after"] as const).map((phase) => ({ at, phase })));
      const every = Math.max(1, all.length / kills);
      const chosen = all.filter((_, nth) => Math.floor(nth / every) !== Math.floor((nth - 1) / every));
      const count = { died: 0, old: 0, undecided: 0 };
      for (const { at, phase } of chosen) {
        const { died, serves } = await oneKill(at, phase);
        if (!died) continue;
        count.died++;
        // The decision, its quarantine and the plan are one append: before it is durable nothing was decided.
        const decided = at > 1 || phase === "after";
        expect(serves, `killed ${phase} append ${at}`).toBe(decided ? "v1" : "v2");
        count[decided ? "old" : "undecided"]++;
        if (!decided) works(await rollback());
      }
      console.log(`kills: ${JSON.stringify(count)} of ${all.length} moments at ${whole.appends} boundaries`);
      // A run may have an append less than the whole one had.
      expect(count.died).toBeGreaterThanOrEqual(chosen.length - 2);
    },
    limitMs,
  );
});

function reports(config: string, at: number, phase: string) {
  return new Promise<{ died: boolean; appends: number }>((resolve, reject) => {
    const args = [killable, config, String(at), phase];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") return resolve({ died: true, appends: 0 });
      if (code !== 0) return reject(new Error(`it ended with ${code}: ${err}`));
      const last = JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as { appends: number; outcome: string };
      if (last.outcome !== "done") return reject(new Error(out));
      resolve({ died: false, appends: last.appends });
    });
  });
}

/** Orders all the while, each acknowledged when its commit is. Both schemas take them. */
async function writes(url: string) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const acknowledged: string[] = [];
  const run = `${Date.now()}`;
  let going = true;
  const work = (async () => {
    for (let at = 0; going; at++) {
      const id = `${run}-${at}`;
      await client.query("INSERT INTO orders(id) VALUES ($1)", [id]);
      acknowledged.push(id);
    }
  })();
  return {
    more: (than = acknowledged.length) =>
      until("more orders", async () => acknowledged.length > than || null),
    async stop() {
      going = false;
      await work;
      await client.end();
      return acknowledged;
    },
  };
}
