// A bad migration goes out with a release of a real stack: code and data go back together, by themselves, and what
// people were told is there.

import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StackName } from "../../../src/demo/stack/stack.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { layBed, type StackBed } from "./bed.ts";

const limitMs = 300_000;
const perSecond = 20;

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
      text.replace(/^ {2}production:\n/m, "  production:\n    strategy: pause\n"),
    );
    const first = await bed.deploy("v1");
    expect(first.exit, first.out + first.err).toBe(0);
  }, limitMs);
  afterAll(end, limitMs);

  /** The first column of each row. */
  const ask = async (sql: string): Promise<readonly string[]> => {
    if (bed.stack.databaseUrl === null) return askInContainer(bed, database, sql);
    const client = new pg.Client({ connectionString: bed.stack.databaseUrl });
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
      const next = await bed.deploy("v7");
      expect(next.exit, next.out + next.err).toBe(0);
      expect(await bed.answers()).toBe("v7");
    },
    limitMs,
  );

  test(
    "a restore under load is taken back whole: nothing that was acknowledged is lost for good",
    async () => {
      const taken = await bed.lastgood("backup", "now", "--json");
      const { id } = taken.json()["backup"] as { id: string };
      const load = bed.load(perSecond, { websocket: false, slowEveryMs: 0 });
      while (load.counts().acknowledged < 3) await new Promise((resolve) => setTimeout(resolve, 50));
      const report = await load.stop();
      const restored = await bed.lastgood("restore", id, "--yes", "--json");
      expect(restored.exit, restored.out + restored.err).toBe(0);
      expect((await bed.lostWrites(report)).length).toBe(report.acknowledgedWrites.length);
      const undo = await bed.lastgood("restore", "--undo", "--yes", "--json");
      expect(undo.exit, undo.out + undo.err).toBe(0);
      expect(await bed.lostWrites(report)).toEqual([]);
      expect(await bed.answers()).toBe("v7");
    },
    limitMs,
  );
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
