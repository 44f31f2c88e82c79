// Migrations: what is said of them, what asks first, and what goes down by whom.
import { expect, test } from "vitest";
import type { App } from "../../src/app/app.ts";
import { deploy } from "../../src/app/deploy.ts";
import { migrateDown, migrateStatus } from "../../src/app/migrate.ts";
import type { MigrationDesk } from "../../src/app/migration-desk.ts";
import { compareMigrations } from "../../src/core/migrations/status.ts";
import { ok, problem } from "../../src/core/result.ts";
import type { DownPlan, Migrations } from "../../src/ports/migrations.ts";
import type { Tasks } from "../../src/ports/tasks.ts";
import { fakeApp } from "./fake-app.ts";
import { fakeDatabase } from "./fake-database.ts";

const env = "production";
const row = (name: string) => ({ name, digest: null, at: null, failed: false, batch: null });
const wish = { env, count: 1, to: null, planOnly: false, approved: false, by: "test" };

/** `sticks`: the command says it worked, and the row stays. */
async function bed(by: DownPlan["by"], { sticks = false, command = true, room = true } = {}) {
  const fake = fakeApp();
  await fake.settle(
    deploy(fake.app, {
      env,
      version: "v1",
      planOnly: false,
      approved: true,
      wait: false,
      lift: null,
      by: "test",
    }),
  );
  const applied = ["1_a", "2_b"];
  const ran: string[][] = [];
  const driver: Migrations = {
    status: async () =>
      ok(
        compareMigrations("knex", "knex_migrations", applied.map(row), [
          { name: "1_a", digest: null, down: true },
        ]),
      ),
    planDown: async ({ count }) =>
      count > 2
        ? problem("refused", "1_a has no written way down", "restore")
        : ok({ names: applied.toReversed().slice(0, count), by }),
    down: async (_, names) => ok(names),
  };
  const tasks: Tasks = {
    state: async () => ok({ is: "absent" }),
    run: async (_, __, { argv }) => {
      ran.push([...argv]);
      if (!sticks) applied.pop();
      return ok({ is: "ended", exitCode: 0, lastLines: ["Already at the base migration"] });
    },
  };
  const site = fake.app.sites.get(env);
  if (!site) throw new Error("no site");
  const desk: MigrationDesk = {
    driver,
    command: command
      ? { service: "api", argv: ["npx", "knex", "migrate:down", "{name}"], timeoutMs: 1_000 }
      : null,
  };
  const { database, desk: backups } = fakeDatabase({ room });
  const app: App = {
    ...fake.app,
    sites: new Map([
      [env, { ...site, migrations: desk, backups, world: { ...site.world, tasks, database } }],
    ]),
  };
  return { fake, app, ran };
}

test("status says what the folder does not know, and what an older release makes of it", async () => {
  const { app } = await bed("us");
  const outcome = await migrateStatus(app, { env });
  expect(outcome.what).toBe("2 applied, 0 pending, 1 unknown to the folder (knex).");
  expect(outcome.means).toContain("does not come up");
  expect(outcome.data["about"]).toEqual(["applied  1_a", "unknown  2_b"]);
});

test("going down asks first, and both ends of it are facts", async () => {
  const { app, fake } = await bed("us");
  expect(await migrateDown(app, wish)).toMatchObject({ outcome: "waits", data: { names: ["2_b"] } });
  expect(fake.types()).not.toContain("migrate.down-begun");
  expect((await migrateDown(app, { ...wish, approved: true })).outcome).toBe("done");
  expect(fake.types().slice(-3)).toEqual(["backup.taken", "migrate.down-begun", "migrate.down-ended"]);
});

test("without a backup nothing goes down", async () => {
  const { app, fake } = await bed("us", { room: false });
  const outcome = await migrateDown(app, { ...wish, approved: true });
  expect([outcome.outcome, outcome.means]).toEqual(["failed", "Nothing went down: there is no backup."]);
  expect(fake.types()).not.toContain("migrate.down-begun");
});

test("tools that go down by themselves do it one by one, in the release that serves", async () => {
  const { app, ran } = await bed("its own tool");
  expect((await migrateDown(app, { ...wish, count: 2, approved: true })).outcome).toBe("done");
  expect(ran).toEqual([
    ["npx", "knex", "migrate:down", "2_b"],
    ["npx", "knex", "migrate:down", "1_a"],
  ]);
});

test("a command that says it worked is not believed while the row is there", async () => {
  const { app } = await bed("its own tool", { sticks: true });
  const outcome = await migrateDown(app, { ...wish, approved: true });
  expect(outcome.outcome).toBe("failed");
  expect(outcome.what).toContain("Already at the base migration");
});

test("where there is no way down, or nobody said which, it is refused with the next step", async () => {
  const { app } = await bed("us");
  expect((await migrateDown(app, { ...wish, count: 3, approved: true })).outcome).toBe("refused");
  const without = await bed("its own tool", { command: false });
  expect((await migrateDown(without.app, { ...wish, approved: true })).outcome).toBe("usage");
});
