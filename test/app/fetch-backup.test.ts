// What is not here any more is fetched from the second place by whoever asks for it.
import { expect, onTestFinished, test } from "vitest";
import type { App, Site } from "../../src/app/app.ts";
import { backupList, backupVerify } from "../../src/app/backup.ts";
import { deskOf } from "../../src/app/find-backup.ts";
import { chooseBackup } from "../../src/app/restore-choice.ts";
import { ok, problem, type Result } from "../../src/core/result.ts";
import type { Backup } from "../../src/ports/database.ts";
import type { DistantBackup, SecondPlace } from "../../src/ports/second-place.ts";
import { fakeApp } from "./fake-app.ts";
import { fakeDatabase } from "./fake-database.ts";

const env = "production";
const hour = 3_600_000;

function distant(id: string, at: number): DistantBackup {
  return { id, at, bytes: 10, sha256: "x", rows: { orders: 2, items: 3 }, proved: false };
}

/** A machine that lost its backups; `there` lies at the second place. */
function bed(there: readonly DistantBackup[], change: Partial<SecondPlace> = {}) {
  const fake = fakeApp();
  onTestFinished(() => fake.close());
  const { database, desk, made } = fakeDatabase();
  const second: SecondPlace = {
    about: "s3://shop at store.example",
    keep: async () => ok(undefined),
    list: async () => ok(there),
    async fetch(id): Promise<Result<DistantBackup>> {
      const found = there.find((one) => one.id === id);
      if (!found) return problem("missing", `there is no whole copy of ${id}`, "lastgood backup list");
      const { proved: _, ...rest } = found;
      const backup: Backup = { ...rest, op: "op" };
      made.splice(0, made.length, ...made.filter((one) => one.id !== id), backup);
      return ok(found);
    },
    ...change,
  };
  const [site] = fake.app.sites.values();
  if (!site) throw new Error("no site");
  const own: Site = { ...site, world: { ...site.world, database }, backups: { ...desk, second } };
  const app: App = { ...fake.app, sites: new Map([[env, own]]) };
  return { fake, app, made, types: () => fake.types().filter((type) => type.startsWith("backup.")) };
}

const wish = { backup: null, at: null, undo: false, planOnly: true } as const;

test("the list shows what lies only there, and says how to get it", async () => {
  const { app, fake } = bed([distant("b2", 2), distant("b1", 1)]);
  const said = await fake.settle(backupList(app, { env }));
  expect(said).toMatchObject({
    outcome: "done",
    what: "There is no backup here that is whole. 2 more lie only at s3://shop at store.example.",
    next: "lastgood backup verify b2 fetches it",
    data: { second: { problem: null, backups: [{ id: "b2", rows: 5, here: false }, { id: "b1" }] } },
  });
});

test("a second place that does not answer spoils no list, and is not waited for", async () => {
  const { app, fake } = bed([], { list: () => new Promise(() => undefined) });
  const said = await fake.settle(backupList(app, { env }));
  expect(said).toMatchObject({
    outcome: "done",
    data: { second: { problem: { code: "timeout" }, backups: [] } },
  });
});

test("verify fetches what is asked for, once, and that is a fact", async () => {
  const { app, fake, types } = bed([distant("b1", 1)]);
  for (const _ of [1, 2])
    expect(await fake.settle(backupVerify(app, { env, backup: "b1", by: "ann" }))).toMatchObject({
      outcome: "done",
    });
  expect(types()).toEqual(["backup.fetched", "backup.verified", "backup.verified"]);
  const unknown = await fake.settle(backupVerify(app, { env, backup: "b9", by: "ann" }));
  expect(unknown).toMatchObject({ problem: { code: "missing", what: "there is no backup b9" } });
});

test("a damaged one is fetched again; one that is right is not", async () => {
  const { app, fake, made, types } = bed([distant("b1", 1)]);
  made.push({ ...distant("b1", 1), op: "op", damaged: "it is cut off" });
  expect(await fake.settle(backupVerify(app, { env, backup: "b1", by: "ann" }))).toMatchObject({
    outcome: "done",
  });
  expect(made.map(({ damaged }) => damaged)).toEqual([undefined]);
  expect(types()).toEqual(["backup.fetched", "backup.verified"]);
});

test("a restore without an id takes the newest there, and --at the newest that is not younger", async () => {
  const { app, fake } = bed([distant("new", 50 * hour), distant("old", hour)]);
  const desk = deskOf(app, env);
  if (!desk.ok) throw new Error(desk.error.what);
  const at = new Date(2 * hour).toISOString();
  expect(await fake.settle(chooseBackup(app, desk.value, { ...wish, at }))).toMatchObject({
    value: { id: "old" },
  });
  const fresh = bed([distant("new", 50 * hour), distant("old", hour)]);
  const other = deskOf(fresh.app, env);
  if (!other.ok) throw new Error(other.error.what);
  expect(await fresh.fake.settle(chooseBackup(fresh.app, other.value, wish))).toMatchObject({
    value: { id: "new" },
  });
});

test("where neither has it and the second place is out of reach, both are said", async () => {
  const out = problem("unreachable", "store.example does not answer", "look at the network");
  const { app, fake, types } = bed([], { list: async () => out, fetch: async () => out });
  const said = await fake.settle(backupVerify(app, { env, backup: "b1", by: "ann" }));
  expect(said.problem).toMatchObject({
    code: "unreachable",
    what: "there is no backup b1 here, and the second place does not give it: store.example does not answer",
    next: "look at the network",
  });
  expect(types()).toEqual(["backup.fetched"]);
});
