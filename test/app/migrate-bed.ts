// An app whose database is migrated, in the simulated world: what is applied, what goes down, and what is in the way.
import type { App } from "../../src/app/app.ts";
import { deploy } from "../../src/app/deploy.ts";
import { migrateDown } from "../../src/app/migrate.ts";
import type { MigrationDesk } from "../../src/app/migration-desk.ts";
import { defaultPolicy, type Policy } from "../../src/core/decide/policy.ts";
import { compareMigrations } from "../../src/core/migrations/status.ts";
import type { Values, Way } from "../../src/core/migrations/way.ts";
import { type Err, ok, type Problem, problem } from "../../src/core/result.ts";
import type { DownCare, DownPlan, Migrations } from "../../src/ports/migrations.ts";
import type { Tasks } from "../../src/ports/tasks.ts";
import { simRelease } from "../../src/testing/sim/stage.ts";
import { fakeApp } from "./fake-app.ts";
import { fakeDatabase } from "./fake-database.ts";

export const env = "production";
const row = (name: string) => ({ name, digest: null, at: null, failed: false, batch: null });
export const wish = { env, count: 1, to: null, planOnly: false, approved: false, by: "test" };
export const release = { env, approved: true, planOnly: false, wait: false, lift: null, by: "test" };
export const back = { env, withData: false, approved: true, wait: false, by: "test", why: null };

export const way: Way = {
  name: "2_b",
  tool: "prisma",
  up: "u",
  before: "b",
  after: "a",
  sql: "ALTER TABLE users DROP COLUMN phone;\n",
  losses: [{ name: "users.name", count: 5, unit: "values" }],
  left: [],
  going: [],
  why: null,
  withoutRows: null,
  notAgain: null,
  release: simRelease("v2").id,
  at: 0,
};
const phones = [{ name: "users.phone", count: 3, unit: "values" as const }];

export type Circumstances = {
  readonly by?: DownPlan["by"];
  /** The command says that it worked, and the row stays. */
  readonly sticks?: boolean;
  readonly command?: boolean;
  readonly room?: boolean;
  /** Of going down in SQL. */
  readonly trouble?: Err<Problem> | null;
  /** While it goes down in SQL. */
  readonly during?: (app: App) => Promise<void>;
  /** The database answers no question about what is applied. */
  readonly mute?: () => boolean;
  /** Of trying ways down. */
  readonly untried?: Err<Problem> | null;
  /** Of the one way down. */
  readonly tried?: Partial<Way>;
  /** What is there now and would go along. */
  readonly takes?: readonly Values[];
  /** Instead, each time that it is counted. */
  readonly takesLater?: () => readonly Values[];
  readonly policy?: Partial<Policy>;
};

export async function bed(circumstances: Circumstances = {}) {
  const { by = "us", sticks = false, command = true, room = true } = circumstances;
  const { trouble = null, untried = null, during = async () => undefined } = circumstances;
  const { mute = () => false } = circumstances;
  const { takes = phones, tried = {}, policy = {} } = circumstances;
  const made = { ...way, ...tried };
  const fake = fakeApp({ policy: { ...defaultPolicy, ...policy } });
  const applied = ["1_a", "2_b"];
  const ran: string[][] = [];
  const images: string[] = [];
  const care: (DownCare | undefined)[] = [];
  const went = new Map<string, readonly string[]>();
  const driver: Migrations = {
    status: async () =>
      mute()
        ? new Promise(() => undefined)
        : ok(compareMigrations("knex", "t", applied.map(row), [{ name: "1_a", digest: null, down: true }])),
    planDown: async ({ count }) => {
      if (count > 2) return problem("refused", "1_a has no written way down", "restore");
      const names = applied.toReversed().slice(0, count);
      return ok({
        names,
        by,
        ways: by === "us" ? [{ way: made, takes: circumstances.takesLater?.() ?? takes }] : [],
      });
    },
    prove: async () => untried ?? ok([made]),
    ways: async () => ok([made]),
    down: async ({ id }, names, how) => {
      await during(app);
      care.push(how);
      if (trouble) return trouble;
      went.set(id, names);
      return ok(names);
    },
    wentDown: async (op) => ok(went.get(op) ?? null),
  };
  const tasks: Tasks = {
    state: async () => ok({ is: "absent" }),
    run: async (_, { id }, { argv }) => {
      images.push(id);
      ran.push([...argv]);
      if (!sticks) applied.pop();
      return ok({ is: "ended", exitCode: 0, lastLines: ["Already at the base migration"] });
    },
  };
  const site = fake.app.sites.get(env);
  if (!site) throw new Error("no site");
  const argv = ["npx", "knex", "migrate:down", "{name}"] as const;
  const desk: MigrationDesk = {
    driver,
    command: command ? { service: "api", argv, timeoutMs: 1_000 } : null,
  };
  const { database, desk: backups } = fakeDatabase({ room });
  const world = { ...site.world, tasks, database, migrations: driver };
  const app: App = {
    ...fake.app,
    deps: { ...fake.app.deps, world: () => world },
    sites: new Map([[env, { ...site, migrations: desk, backups, world }]]),
  };
  await fake.settle(deploy(app, { ...release, version: "v1" }));
  const down = (change: Partial<typeof wish> = {}) => fake.settle(migrateDown(app, { ...wish, ...change }));
  return { fake, app, ran, images, care, went, down };
}
