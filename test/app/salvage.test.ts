// Bringing rows back: what is shown, what asks first, what is written down.
import { expect, test } from "vitest";
import type { App } from "../../src/app/app.ts";
import { type SalvageInput, salvage } from "../../src/app/salvage.ts";
import { ok, problem, type Result } from "../../src/core/result.ts";
import { type Findings, kinds } from "../../src/core/salvage/verdict.ts";
import { exitCodes } from "../../src/core/view/outcome.ts";
import type { Database } from "../../src/ports/database.ts";
import type { Kept, Replayed, Salvage } from "../../src/ports/salvage.ts";
import { fakeApp } from "./fake-app.ts";

const env = "production";

const findings: Findings = {
  kept: "before-op-1",
  tables: [
    {
      table: "orders",
      verdicts: { insert: 3, delete: 1, "unique-taken": 2 },
      conflicts: [{ why: "unique-taken", rows: 2, keys: ["(7)", "(8)"] }],
      homeless: [{ column: "phone", values: 4 }],
      migration: 0,
    },
  ],
  gaps: ["visits: no key"],
};

const replayed: Replayed = { ...findings, op: "", parked: 4, sequences: 1, before: false };

/** `answer`: what the replay says. */
function bed(answer: Result<Replayed> = ok(replayed), later: Replayed | null = null) {
  const fake = fakeApp();
  const asked: Kept[] = [];
  const salvaging: Salvage = {
    since: async () => problem("failed", "not here", ""),
    look: async (kept) => {
      asked.push(kept);
      return ok(findings);
    },
    replay: async (_, kept) => {
      asked.push(kept);
      return answer;
    },
    replayed: async () => ok(later),
  };
  const database = { marker: async () => ok("op-1") } as unknown as Database;
  const site = fake.app.sites.get(env);
  if (!site) throw new Error("no site");
  const backups = { salvage: salvaging } as unknown as NonNullable<typeof site.backups>;
  const app: App = {
    ...fake.app,
    sites: new Map([[env, { ...site, backups, world: { ...site.world, database } }]]),
  };
  const say = (change: Partial<SalvageInput> = {}) =>
    salvage(app, {
      env,
      kept: null,
      tables: null,
      kinds: [...kinds],
      doubtful: false,
      overwrite: false,
      planOnly: false,
      approved: false,
      by: "test",
      ...change,
    });
  return { fake, say, asked };
}

test("without a yes it shows what there is, by table, and changes nothing", async () => {
  const { say, fake } = bed();
  const outcome = await say();
  expect(outcome.outcome).toBe("waits");
  expect(outcome.what).toBe("4 rows can come back, 2 cannot from before-op-1.");
  expect(outcome.data["about"]).toEqual([
    "orders: 3 new, 1 deleted",
    "  2 cannot come: another row has its unique value, e.g. (7) (8)",
    "  4 values of phone have no column here: they are parked",
    "Not certain: visits: no key.",
  ]);
  expect(fake.types()).not.toContain("salvage.begun");
});

test("with a yes it brings them back, and both ends of it are facts", async () => {
  const { say, fake, asked } = bed();
  const outcome = await say({ approved: true });
  expect(exitCodes[outcome.outcome], outcome.what).toBe(0);
  expect(outcome.means).toContain("2 could not come");
  expect(fake.types().slice(-2)).toEqual(["salvage.begun", "salvage.ended"]);
  expect(asked).toEqual([{ id: "before-op-1", from: null }]);
});

test("where the answer to the commit was lost, the live database is asked", async () => {
  const lost = problem("unreachable", "the connection broke", "again");
  expect((await bed(lost, replayed).say({ approved: true })).outcome).toBe("done");
  const { say, fake } = bed(lost, null);
  expect((await say({ approved: true })).outcome).toBe("failed");
  expect(fake.store.events.at(-1)?.data).toMatchObject({ problem: { code: "unreachable" } });
});
