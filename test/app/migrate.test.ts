// Migrations: what is said of them, what asks first, what goes down by whom, and that nobody else works meanwhile.
import { expect, test } from "vitest";
import { deploy } from "../../src/app/deploy.ts";
import { lockShow } from "../../src/app/lock.ts";
import { migrateDown, migrateStatus } from "../../src/app/migrate.ts";
import { rollback } from "../../src/app/rollback.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { problem } from "../../src/core/result.ts";
import { envState } from "../../src/core/state.ts";
import { simRelease } from "../../src/testing/sim/stage.ts";
import { fakeDatabase } from "./fake-database.ts";
import { back, bed, type Circumstances, env, release, way, wish } from "./migrate-bed.ts";

test("status says what the folder does not know, what an older release makes of it, and what the way back is", async () => {
  const { app } = await bed();
  const outcome = await migrateStatus(app, { env });
  expect(outcome.what).toBe("2 applied, 0 pending, 1 unknown to the folder (knex).");
  expect(outcome.means).toContain("does not come up");
  expect(outcome.data["about"]).toEqual([
    "applied  1_a",
    "unknown  2_b  reversible, loses 5 values (users.name); 3 values (users.phone) of now would go with it",
  ]);
  expect(outcome.data["ways"]).toMatchObject([{ name: "2_b", label: "loses", release: simRelease("v2").id }]);
});

test("going down asks first, with what goes along, and both ends of it are facts", async () => {
  const { down, fake } = await bed();
  const asked = await down();
  expect(asked).toMatchObject({ outcome: "waits", data: { names: ["2_b"], ways: [{ sql: way.sql }] } });
  expect(asked.means).toContain(
    "2_b: reversible, loses 5 values (users.name); 3 values (users.phone) of now go with it.",
  );
  expect(fake.types()).not.toContain("migrate.down-begun");
  expect((await down({ approved: true })).outcome).toBe("done");
  const types = fake.types();
  expect(types.slice(types.indexOf("migrate.down-begun"))).toEqual([
    "migrate.down-begun",
    "run.planned",
    "run.started",
    ...["step.intended", "step.verified", "step.intended", "step.verified"],
    "run.ended",
    "migrate.down-ended",
  ]);
});

test("it holds the lock while it works: nobody deploys, and nothing else goes down", async () => {
  const meanwhile: unknown[] = [];
  const { app, down } = await bed({
    during: async (app) => {
      const others = [
        await deploy(app, { ...release, version: "v2" }),
        await migrateDown(app, { ...wish, approved: true }),
      ];
      meanwhile.push(lockShow(app, { env }).data["held"], ...others.map((one) => one.problem?.code));
    },
  });
  expect((await down({ approved: true })).outcome).toBe("done");
  expect(meanwhile).toEqual([true, "busy", "busy"]);
  expect(lockShow(app, { env }).data["held"]).toBe(false);
});

test("the backup is of this moment: going back from the release keeps the one of before it", async () => {
  const { app, down } = await bed();
  const point = () =>
    Object.values(envState(app.deps.ledger.state(), env).releases).map((one) => one.restorePoint);
  const before = point();
  const outcome = await down({ approved: true });
  expect(outcome.data["backup"]).toMatch(/^before-migrate-down-/);
  expect(point()).toEqual(before);
});

test("without a backup nothing goes down", async () => {
  const { app, down, went, fake } = await bed();
  const full = fakeDatabase({ room: false }).database;
  const world = { ...app.deps.world(env), database: full };
  const without = { ...app, deps: { ...app.deps, world: () => world } };
  const outcome = await fake.settle(migrateDown(without, { ...wish, approved: true }));
  expect([outcome.outcome, outcome.means]).toEqual(["failed", "Nothing went down: there is no backup."]);
  expect(went.size).toBe(0);
  expect((await down({ approved: true })).outcome).toBe("done");
});

test("what holds it up is said, and nothing was changed", async () => {
  const { down, app } = await bed({ trouble: problem("conflict", "the schema is another one", "restore") });
  const outcome = await down({ approved: true });
  expect(outcome).toMatchObject({
    outcome: "failed",
    what: "the schema is another one",
    means: "Nothing was changed.",
  });
  expect(lockShow(app, { env }).data["held"]).toBe(false);
});

test("tools that go down by themselves do it one by one, in the release that serves", async () => {
  const { down, ran } = await bed({ by: "its own tool" });
  expect((await down({ count: 2, approved: true })).outcome).toBe("done");
  expect(ran).toEqual([
    ["npx", "knex", "migrate:down", "2_b"],
    ["npx", "knex", "migrate:down", "1_a"],
  ]);
});

test("a command that says it worked is not believed while the row is there", async () => {
  const { down, ran } = await bed({ by: "its own tool", sticks: true });
  const outcome = await down({ approved: true });
  expect(outcome.outcome).toBe("failed");
  expect(outcome.what).toContain("Already at the base migration");
  expect(ran).toHaveLength(1);
});

test("where there is no way down, or nobody said which, it is refused with the next step", async () => {
  const { down } = await bed();
  expect((await down({ count: 3, approved: true })).outcome).toBe("refused");
  const without = await bed({ by: "its own tool", command: false });
  expect((await without.down({ approved: true })).outcome).toBe("usage");
});

test("the plan of a deploy says what the way back from its migrations is, also where none was tried", async () => {
  const notes = async (circumstances: Circumstances) => {
    const { app, fake } = await bed(circumstances);
    const planned = await fake.settle(deploy(app, { ...release, version: "v2", planOnly: true }));
    return (planned.data["plan"] as JsonObject)["notes"];
  };
  expect(await notes({})).toContain("The migration 2_b: reversible, loses 5 values (users.name).");
  const untried = problem(
    "refused",
    "permission denied to create database",
    "name a role that may in adminUrl",
  );
  expect(await notes({ untried })).toContain(
    "No way down was tried for the migrations: permission denied to create database. Name a role that may in adminUrl.",
  );
});

test("the plan of a rollback says what stays of the release that is left, and what takes it down", async () => {
  const { app, fake } = await bed();
  await fake.settle(deploy(app, { ...release, version: "v2" }));
  const planned = await fake.settle(rollback(app, { ...back, version: "v1", planOnly: true }));
  expect(planned.data["warnings"]).toEqual(
    expect.arrayContaining([
      "The schema stays as v2 made it: 2_b (reversible, loses 5 values (users.name)).",
      "lastgood migrate down --to 1_a takes that down afterwards; --with-migrations does both at once.",
    ]),
  );
});

test("a database that does not answer keeps nobody from going back", async () => {
  let isMute = false;
  const { app, fake } = await bed({ mute: () => isMute });
  await fake.settle(deploy(app, { ...release, version: "v2" }));
  isMute = true;
  const went = await fake.settle(rollback(app, { ...back, version: "v1", planOnly: false }));
  expect([went.outcome, fake.serving()]).toEqual(["done", "v1"]);
  expect(went.data["warnings"]).toContain(
    "The schema may stay as v2 made it, which can't be asked now: lastgood migrate status.",
  );
});

test("a rollback with migrations: the code first, then a backup, then the schema; its lock is one", async () => {
  const { app, fake, went } = await bed();
  await fake.settle(deploy(app, { ...release, version: "v2" }));
  const points = () =>
    Object.values(envState(app.deps.ledger.state(), env).releases).map((one) => one.restorePoint);
  const before = points();
  const both = { ...back, version: "v1", withMigrations: true };
  const planned = await fake.settle(rollback(app, { ...both, planOnly: true }));
  expect(planned.data["warnings"]).toContain("With 2_b go 3 values (users.phone) of now.");
  const { plan } = planned.data as { plan: { steps: { key: string }[]; notes: string[] } };
  const keys = plan.steps.map(({ key }) => key);
  expect(keys.slice(-3)).toEqual(["drain-web", "backup", "down"]);
  expect(keys.indexOf("switch-web")).toBeLessThan(keys.indexOf("down"));
  expect(plan.notes).toContain(
    "The migration 2_b goes down after the switch: reversible, loses 5 values (users.name).",
  );
  expect((await fake.settle(rollback(app, { ...both, planOnly: false }))).outcome).toBe("done");
  expect([fake.serving(), [...went.values()]]).toEqual(["v1", [["2_b"]]]);
  expect(points()).toEqual(before);
});

test("where the schema does not go down, the older code serves on, and a person is asked", async () => {
  const { app, fake } = await bed({ trouble: problem("conflict", "the schema is another one", "restore") });
  await fake.settle(deploy(app, { ...release, version: "v2" }));
  const both = { ...back, version: "v1", withMigrations: true, planOnly: false };
  const outcome = await fake.settle(rollback(app, both));
  expect(outcome).toMatchObject({ outcome: "waits", what: "the schema is another one" });
  expect(fake.serving()).toBe("v1");
});

test("a rollback with migrations refuses a restore at the same time", async () => {
  const { app, fake } = await bed();
  await fake.settle(deploy(app, { ...release, version: "v2" }));
  const both = { ...back, withData: true, version: "v1", withMigrations: true, planOnly: true };
  expect((await fake.settle(rollback(app, both))).what).toMatch(/brings the schema back/);
});

test("a tool that goes down by itself does it after the switch, in the image of the release that was left", async () => {
  const { app, fake, ran, images } = await bed({ by: "its own tool" });
  await fake.settle(deploy(app, { ...release, version: "v2" }));
  const both = { ...back, version: "v1", withMigrations: true, planOnly: false };
  expect((await fake.settle(rollback(app, both))).outcome).toBe("done");
  expect([fake.serving(), ran, images]).toEqual([
    "v1",
    [["npx", "knex", "migrate:down", "2_b"]],
    [simRelease("v2").id],
  ]);
  const run = envState(app.deps.ledger.state(), env).history.at(-1)?.run ?? "";
  const keys = app.deps.ledger.state().runs[run]?.plan.steps.map(({ key }) => key) ?? [];
  expect(keys.slice(-3)).toEqual(["drain-web", "backup", "down-1"]);
});

test("a rollback with migrations refuses where the release brought none", async () => {
  const { app, fake } = await bed();
  await fake.settle(deploy(app, { ...release, version: "v3" }));
  const both = { ...back, version: "v1", withMigrations: true, planOnly: true };
  expect((await fake.settle(rollback(app, both))).what).toBe("no migration is known here that came with v3");
});
