// Backups and drills by the clock: what falls due, what waits, what is tried again, and who hears of it.
import { expect, test } from "vitest";
import type { App, Site } from "../../src/app/app.ts";
import { scheduled } from "../../src/app/backup.ts";
import type { BackupDesk } from "../../src/app/backup-desk.ts";
import { backupSchedule } from "../../src/app/backup-schedule.ts";
import { deploy } from "../../src/app/deploy.ts";
import { ok, problem, type Result } from "../../src/core/result.ts";
import { envState } from "../../src/core/state.ts";
import type { AskSql } from "../../src/ports/ask-sql.ts";
import type { Backup, Database } from "../../src/ports/database.ts";
import { fakeApp } from "./fake-app.ts";

const env = "production";
const hour = 3_600_000;

type Answers = { backUp: Result<void>; rehearse: Result<void>; copy: Result<void>; orphans: number };

function bed(change: Partial<BackupDesk> = {}) {
  const fake = fakeApp();
  const answers: Answers = {
    backUp: ok(undefined),
    rehearse: ok(undefined),
    copy: ok(undefined),
    orphans: 0,
  };
  const made: Backup[] = [];
  const drilled: string[] = [];
  const copied: { id: string; proved: boolean }[] = [];
  const ask: AskSql = async (queries) => ok(queries.map(() => ok(answers.orphans)));
  const database = {
    async backUp(op, label) {
      if (!answers.backUp.ok) return answers.backUp;
      const id = `${label}-${op.id}`;
      const backup = { id, op: op.id, at: fake.clock.now(), bytes: 1_000, sha256: "x", rows: { orders: 3 } };
      made.unshift(backup);
      return ok(backup);
    },
    backups: async () => ok(made),
    async rehearse(id, look) {
      if (!answers.rehearse.ok) return answers.rehearse;
      drilled.push(id);
      await look?.(ask, null);
      return ok({ ms: 40, losses: [] });
    },
    marker: async () => ok(null),
    position: async () => ok("here"),
    restore: async () => problem("failed", "not asked here", ""),
  } satisfies Database;
  const desk: BackupDesk = {
    name: async () => ok("shop.db"),
    care: {
      since: async () => ok({ written: [], gaps: [] }),
      verify: async () => ok(undefined),
      files: async () => ok([]),
      intake: async () => problem("failed", "not asked here", ""),
      ask,
    },
    assertions: [{ name: "orphans", sql: "SELECT …", expect: { equals: 0 } }],
    backups: { everyMs: 24 * hour, atMs: null },
    drills: { everyMs: 168 * hour, atMs: null },
    second: {
      about: "/mnt/second",
      async keep(backup, _, proved) {
        if (answers.copy.ok) copied.push({ id: backup.id, proved });
        return answers.copy;
      },
      list: async () => ok([]),
      fetch: async () => problem("missing", "nothing is there", ""),
    },
    bare: false,
    keptUntil: "",
    listen: () => () => undefined,
    ...change,
  };
  const [site] = fake.app.sites.values();
  if (!site) throw new Error("no site");
  const withDatabase: Site = { ...site, world: { ...site.world, database }, backups: desk };
  const app: App = { ...fake.app, sites: new Map([[env, withDatabase]]) };
  const schedule = backupSchedule(app);
  const beat = async () => {
    schedule.beat();
    await fake.settle(schedule.idle());
  };
  const later = async (ms: number) => {
    await fake.settle(fake.clock.sleep(ms));
    await beat();
  };
  const types = () => fake.types().filter((type) => /^(backup|drill|integrity)\./.test(type));
  const state = () => envState(app.deps.ledger.state(), env).backups;
  return { fake, app, answers, made, drilled, copied, beat, later, types, state };
}

test("the first backup is due at once; it is copied, the data is asked, and then the first drill proves it", async () => {
  const { beat, types, made, drilled, copied } = bed();
  await beat();
  expect(types()).toEqual(["backup.taken", "backup.copied", "integrity.passed"]);
  await beat();
  expect(drilled).toEqual([made[0]?.id]);
  expect(types().slice(3)).toEqual(["integrity.passed", "drill.done", "backup.copied"]);
  expect(copied.map((one) => one.proved)).toEqual([false, true]);
  await beat();
  expect(made).toHaveLength(1);
  expect(drilled).toHaveLength(1);
});

test("one a day, and a drill a week, however often the controller looks", async () => {
  const { later, made, drilled } = bed();
  for (let i = 0; i < 15 * 24; i++) await later(hour);
  expect(made).toHaveLength(15);
  expect(drilled).toHaveLength(3);
});

test("a failure is told, tried again later and not at once", async () => {
  const { beat, later, answers, types, state, made } = bed();
  answers.backUp = problem("no-space", "the disk is full", "Free some space.");
  await beat();
  await later(60_000);
  expect(types()).toEqual(["backup.failed"]);
  expect(state().failure?.what).toBe("the disk is full");
  answers.backUp = ok(undefined);
  await later(15 * 60_000);
  expect(made).toHaveLength(1);
  expect(state().failure).toBeNull();
});

test("a drill that fails, and a copy whose data is not right, are no proof", async () => {
  const { beat, later, answers, state } = bed();
  await beat();
  answers.rehearse = problem("damaged", "one bit is another", "");
  await beat();
  expect(state().drills.at(-1)?.problem).toBe("one bit is another");
  answers.rehearse = ok(undefined);
  answers.orphans = 2;
  await later(hour);
  expect(state().drills.at(-1)?.problem).toContain("orphans: it answered 2 instead of 0");
  expect(state().drills.every((one) => one.problem !== null)).toBe(true);
});

test("while a release is watched the data is asked more often, and what is broken is decided on, once", async () => {
  const { fake, app, beat, later, answers, types } = bed({ backups: null, drills: null });
  const [site] = app.sites.values();
  if (!site) throw new Error("no site");
  const watch = { ...site.settings.watch, integrityMs: 60_000 };
  (app.sites as Map<string, Site>).set(env, { ...site, settings: { ...site.settings, watch } });
  const input = { env, planOnly: false, approved: true, wait: false, by: "test", lift: null };
  await fake.settle(deploy(fake.app, { ...input, version: "v1" }));
  await beat();
  await later(10_000);
  expect(types().filter((type) => type.startsWith("integrity"))).toEqual(["integrity.passed"]);
  answers.orphans = 1;
  await later(60_000);
  await later(60_000);
  expect(types().filter((type) => type === "integrity.failed")).toHaveLength(2);
  const made = fake.store.events.filter(({ type }) => type === "decision.made");
  expect(made.map(({ data }) => data)).toMatchObject([
    { decision: "ask", matched: "data-corruption", report: { kind: "corruption", subject: "orphans" } },
  ]);
  expect(fake.types()).toContain("evidence.kept");
});

test("broken data is a fact of the live database, for whoever decides", async () => {
  const { beat, answers, fake } = bed();
  answers.orphans = 1;
  await beat();
  const fact = fake.store.events.find((event) => event.type === "integrity.failed");
  expect(fact?.data).toMatchObject({
    env,
    of: "live",
    failures: [{ name: "orphans", what: "it answered 1 instead of 0" }],
  });
});

test("a second place that does not take it does not undo the backup, and is told", async () => {
  const { beat, answers, types, state } = bed();
  answers.copy = problem("missing", "/mnt/second is not there", "Mount it.");
  await beat();
  expect(types()).toContain("backup.taken");
  expect(state().copied).toMatchObject({ problem: "/mnt/second is not there" });
});

test("without a schedule nothing is done by itself", async () => {
  const { beat, later, types } = bed({ backups: null, drills: null });
  await beat();
  await later(1_000 * hour);
  expect(types()).toEqual([]);
});

test("a backup by hand counts: the schedule goes on from it", async () => {
  const { beat, made, app } = bed();
  app.deps.ledger.record([
    {
      type: "backup.taken",
      data: { env, backup: "by-hand-1", bytes: 1, sha256: "x", rows: 1, ms: 1, by: "ann" },
    },
  ]);
  await beat();
  expect(made.filter((one) => one.id.startsWith(scheduled))).toEqual([]);
});
