// Where a server's WAL is archived: what a person's moment becomes, and what is written down.
import { expect, test } from "vitest";
import type { App, Site } from "../../src/app/app.ts";
import { backupList, backupNow, backupVerify } from "../../src/app/backup.ts";
import { drill } from "../../src/app/drill.ts";
import { restore } from "../../src/app/restore.ts";
import { ok, problem } from "../../src/core/result.ts";
import { envState } from "../../src/core/state.ts";
import type { Moment, PointInTime } from "../../src/ports/point-in-time.ts";
import { fakeApp } from "./fake-app.ts";
import { fakeDatabase } from "./fake-database.ts";

const env = "production";
const set = { id: "20260101-000000F", kind: "full", at: 0, bytes: 2_048 } as const;
const gone = problem("missing", "there is no point v9", "There are: v1.");

function bed(change: Partial<PointInTime> = {}) {
  const fake = fakeApp();
  const { database, desk, made } = fakeDatabase();
  const asked: (Moment | null)[] = [];
  const order: string[] = [];
  const pointInTime: PointInTime = {
    reach: async () => ok({ about: "pgBackRest, stanza shop", sets: [set], from: 1_000, points: [] }),
    lacks: async () => ok([]),
    backUp: async () => {
      order.push("set");
      return ok(set);
    },
    verify: async () => ok(undefined),
    recall: async (_, moment) => {
      asked.push(moment);
      return gone;
    },
    rehearse: async (moment) => {
      asked.push(moment);
      return ok({ ms: 7, losses: [], moment: "the point v1" });
    },
    ...change,
  };
  const [given] = fake.app.sites.values();
  if (!given) throw new Error("no site");
  const backUp: typeof database.backUp = (op, label) => {
    order.push("backup");
    return database.backUp(op, label);
  };
  const world = { ...given.world, database: { ...database, backUp } };
  const site: Site = { ...given, world, backups: { ...desk, pointInTime } };
  const app: App = { ...fake.app, sites: new Map([[env, site]]) };
  const state = () => envState(app.deps.ledger.state(), env).backups;
  return { fake, app, asked, order, made, state };
}

const by = "test";

test("the server is copied before the backup, whose point needs something to begin from", async () => {
  const { app, order } = bed();
  const taken = await backupNow(app, { env, by });
  expect(order).toEqual(["set", "backup"]);
  expect(taken.means).toContain("The server's full copy 20260101-000000F (2.0 KB) went into the archive");
  expect((await backupList(app, { env })).data["pointInTime"]).toMatchObject({ from: 1_000, drilled: null });
});

test("where the server can't be copied there is no backup that looks as if all were well", async () => {
  const { app, made, state } = bed({
    backUp: async () => problem("refused", "archive_mode is off", "mend it"),
  });
  expect(await backupNow(app, { env, by })).toMatchObject({
    outcome: "refused",
    what: "archive_mode is off",
  });
  expect(made).toEqual([]);
  expect(state().failure?.what).toBe("archive_mode is off");
});

test("--at is an age, a time, or the name of a point", async () => {
  const { app, asked, fake } = bed();
  const wish = { env, backup: null, undo: false, planOnly: true, approved: false, by, why: null };
  for (const at of ["90m", "2026-01-01T00:00Z", "before-v9"]) {
    const outcome = await fake.settle(restore(app, { ...wish, at }));
    expect(outcome.what).toContain("there is no point v9");
  }
  expect(asked).toEqual([
    { kind: "time", at: app.deps.clock.now() - 90 * 60_000 },
    { kind: "time", at: Date.UTC(2026, 0, 1) },
    { kind: "point", name: "before-v9" },
  ]);
});

test("a drill of a moment is a fact, and its failure too", async () => {
  const { app, asked, state } = bed();
  const done = await drill(app, { env, backup: null, at: "v1", by });
  expect(done).toMatchObject({ outcome: "done", data: { moment: "the point v1", ms: 7 } });
  expect(asked).toEqual([{ kind: "point", name: "v1" }]);
  expect(state().archiveDrill).toMatchObject({ moment: "the point v1", ms: 7, problem: null });

  const other = bed({ rehearse: async () => gone });
  expect((await drill(other.app, { env, backup: null, at: "v9", by })).outcome).toBe("usage");
  expect(other.state().archiveDrill).toMatchObject({ moment: "v9", problem: "there is no point v9" });
});

test("an archive that is not whole fails backup verify, though the backup is whole", async () => {
  const { app } = bed({
    verify: async () => problem("damaged", "the archive is not whole", "look at its disk"),
  });
  await backupNow(app, { env, by });
  const outcome = await backupVerify(app, { env, backup: null, by });
  expect(outcome).toMatchObject({ outcome: "failed", next: "look at its disk" });
  expect(outcome.what).toContain("the archive is not whole");
});
