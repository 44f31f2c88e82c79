// A bad migration goes out with a release of a real stack: code and data go back together, by themselves, and what
// people were told is there.

import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StackName } from "../../../src/demo/stack/stack.ts";
import { keptName } from "../../../src/drivers/database/postgres/names.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import type { Said } from "../bed.ts";
import { layBed, type StackBed } from "./bed.ts";

const limitMs = 300_000;
const perSecond = 20;
/** All that waited come at once when the hold ends, and the app gives up after 5 s without a connection of its pool. */
const heldPerSecond = 6;

const withParts = await describeWith("docker", "nginx", "postgres");

type Shape = { readonly kind: StackName; readonly database: string; readonly does: string };

const shapes: readonly Shape[] = [
  { kind: "hibachi", database: "hibachi_production", does: "with PostgreSQL on the host" },
  { kind: "hummii", database: "hummii_production", does: "with PostgreSQL in compose" },
];

for (const shape of shapes) withParts(`${shape.kind}, ${shape.does}`, () => goesBackTogether(shape));

function goesBackTogether({ kind, database }: Shape): void {
  const { later, end } = laterOn();
  let bed: StackBed;

  beforeAll(async () => {
    bed = await layBed(kind, later);
    await bed.watchFor("{ for: 30m, check: 1s }");
    await bed.edit("lastgood.yml", (text) =>
      // The default hold is 10 s, and a restore here takes half of it; the machine may be shared by other tests.
      text.replace(
        /^ {2}production:\n/m,
        "  production:\n    strategy: pause\n    traffic: { kind: edge, hold: 25s }\n",
      ),
    );
    const first = await bed.deploy("v1");
    expect(first.exit, first.out + first.err).toBe(0);
  }, limitMs);
  afterAll(end, limitMs);

  /** The first column of each row. */
  const ask = async (sql: string, where = database): Promise<readonly string[]> => {
    if (bed.stack.databaseUrl === null) return askInContainer(bed, where, sql);
    const url = new URL(bed.stack.databaseUrl);
    url.pathname = where;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      const { rows } = await client.query(sql);
      return rows.map((row: object) => String(Object.values(row)[0]));
    } finally {
      await client.end();
    }
  };
  const failedMigrations = () =>
    ask("SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NULL");

  /** What a restore replaced is shut: opened for this look alone. */
  const ordersKept = async (name: string) => {
    await ask(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS true`);
    const orders = await ask("SELECT id FROM orders", name);
    await ask(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS false`);
    return orders;
  };

  test(
    "init's own section is enough: a backup, its drill, and a plan with the measured time",
    async () => {
      const taken = await bed.lastgood("backup", "now", "--json");
      expect(taken.exit, taken.out + taken.err).toBe(0);
      const drill = await bed.lastgood("drill", "--json");
      expect(drill.exit, drill.out + drill.err).toBe(0);
      const plan = await bed.lastgood("restore", "--plan", "--json");
      expect(plan.json()["takesMs"], plan.out + plan.err).toBe(drill.json()["ms"]);
      expect(plan.json()["database"]).toBe(database);
      expect(await ask("SELECT datname FROM pg_database WHERE datname LIKE '%drill%'")).toEqual([]);
    },
    limitMs,
  );

  test(
    "a migration that fails: both are back by themselves, in the right order, and 0 acknowledged writes are lost",
    async () => {
      const load = bed.load(perSecond, { websocket: false, slowEveryMs: 0 });
      while (load.counts().requests < 40) await new Promise((resolve) => setTimeout(resolve, 50));
      const said = await bed.deploy("v12");
      const report = await load.stop();
      expect([1, 5], said.out + said.err).toContain(said.exit);
      expect(await bed.answers()).toBe("v1");
      expect(await failedMigrations()).toEqual([]);
      expect(report.acknowledgedWrites.length).toBeGreaterThan(0);
      expect(await bed.lostWrites(report)).toEqual([]);
      const steps = said.json()["steps"] as { key: string; direction: string; status: string }[];
      const back = steps.filter((step) => step.direction === "undo" && step.status === "verified");
      const at = (key: RegExp) => back.findIndex((step) => key.test(step.key));
      expect(at(/return-database/)).toBeGreaterThanOrEqual(0);
      expect(at(/return-database/)).toBeLessThan(at(/start-.*from/));
      // The failed row would make every later migration refuse: it went back with the data.
      const next = await bed.deploy("v13");
      expect(next.exit, next.out + next.err).toBe(0);
      expect(await bed.answers()).toBe("v13");
      // What its migration wrote is nobody's loss.
      const plan = await bed.lastgood("restore", "--plan", "--json");
      expect(plan.json()["writtenSince"]).toEqual([
        { table: expect.stringMatching(/migrations/), rows: 0, what: "1 by the migration" },
      ]);
    },
    limitMs,
  );

  test(
    "a restore and its undo under load: requests wait and none fails, and no acknowledged write is lost",
    async () => {
      const serves = await bed.answers();
      const load = bed.load(heldPerSecond, { websocket: false, slowEveryMs: 0 });
      const moreWrites = async (count: number) => {
        const wanted = load.counts().acknowledged + count;
        while (load.counts().acknowledged < wanted) await new Promise((resolve) => setTimeout(resolve, 50));
        return load.counts().acknowledged;
      };
      await moreWrites(3);
      const taken = await bed.lastgood("backup", "now", "--json");
      const { id } = taken.json()["backup"] as { id: string };
      const before = await moreWrites(3);
      const restored = await bed.lastgood("restore", id, "--yes", "--json");
      expect(restored.exit, restored.out + restored.err).toBe(0);
      await moreWrites(3);
      const undo = await bed.lastgood("restore", "--undo", "--yes", "--json");
      expect(undo.exit, undo.out + undo.err).toBe(0);
      const after = load.counts().acknowledged;
      await moreWrites(3);
      const report = await load.stop();
      // Longer than any answer without a hold: requests met both.
      expect(report.latency.max).toBeGreaterThan(Math.min(heldMs(restored), heldMs(undo)) / 2);
      expect(report.lost).toEqual([]);
      expect(report.notSent).toBe(0);
      const gone = await bed.lostWrites(report);
      const made = report.acknowledgedWrites;
      expect(gone.filter((one) => made.indexOf(one) < before)).toEqual([]);
      expect(gone.filter((one) => made.indexOf(one) >= after)).toEqual([]);
      // What was written into the restored database went out of sight with it, and stands in what the undo kept.
      const kept = await ordersKept(keptName(database, opOf(undo)));
      expect(gone.filter((one) => !kept.includes(one))).toEqual([]);
      expect(gone.length).toBeGreaterThan(0);
      expect(await bed.answers()).toBe(serves);
    },
    limitMs,
  );
}

type Step = { readonly key: string; readonly ms: number };

/** From the first hold until the last route goes on, by the run's own account. */
function heldMs(said: Said): number {
  const steps = said.json()["steps"] as readonly Step[];
  const at = (key: string) => steps.findIndex((step) => step.key.startsWith(key));
  return steps.slice(at("hold-"), at("verify-")).reduce((sum, { ms }) => sum + ms, 0);
}

function opOf(said: Said): string {
  return String(said.json()["kept"]).replace(/^before-/, "");
}

async function askInContainer(
  { docker, stack }: StackBed,
  database: string,
  sql: string,
): Promise<readonly string[]> {
  const client = ["psql", "-At", "-U", "hummii", "-d", database, "-c", sql];
  const said = await docker.docker(["exec", `${stack.name}-postgres`, ...client]);
  return said.split("\n").filter((line) => line !== "");
}
