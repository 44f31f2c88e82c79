// A restore as a run: what follows it, and what must not.
import { expect, test } from "vitest";
import type { App, Site } from "../../src/app/app.ts";
import { backupNow } from "../../src/app/backup.ts";
import { deploy } from "../../src/app/deploy.ts";
import { restore } from "../../src/app/restore.ts";
import { ok } from "../../src/core/result.ts";
import { envState } from "../../src/core/state.ts";
import { fakeApp } from "./fake-app.ts";
import { fakeDatabase } from "./fake-database.ts";

const env = "production";
const wish = {
  env,
  backup: null,
  at: null,
  undo: false,
  planOnly: false,
  approved: true,
  by: "test",
  why: null,
};

/** v1 serves and is watched, and there is a backup. */
async function bed() {
  const fake = fakeApp();
  const { database, desk } = fakeDatabase();
  const [given] = fake.app.sites.values();
  if (!given) throw new Error("no site");
  let deaf = false;
  const traffic: Site["world"]["traffic"] = (service) => {
    const edge = given.world.traffic(service);
    return {
      ...edge,
      whoAnswers: (...asked) =>
        deaf ? Promise.resolve(ok({ release: null, status: 503 })) : edge.whoAnswers(...asked),
    };
  };
  const world = { ...given.world, traffic, database };
  const site: Site = { ...given, world, backups: desk };
  const deps = { ...fake.app.deps, world: () => world };
  const app: App = { ...fake.app, deps, sites: new Map([[env, site]]) };
  const first = { env, version: "v1", planOnly: false, approved: true, wait: false, lift: null, by: "test" };
  expect((await fake.settle(deploy(app, first))).outcome).toBe("done");
  expect((await fake.settle(backupNow(app, { env, by: "test" }))).outcome).toBe("done");
  return {
    fake,
    go: () => fake.settle(restore(app, wish)),
    deafen: () => {
      deaf = true;
    },
    state: () => envState(app.deps.ledger.state(), env),
  };
}

test("it is done by a run, what serves stays, and it is watched whether that helped", async () => {
  const { go, state, fake } = await bed();
  const outcome = await go();
  expect([outcome.outcome, fake.serving()]).toEqual(["done", "v1"]);
  expect(state().watch).not.toBeNull();
});

test("paused half-way it is a person's business: no watch is open that could take a release back in the middle of it", async () => {
  const { go, state, deafen } = await bed();
  deafen();
  const outcome = await go();
  expect(outcome.outcome).toBe("waits");
  expect(state().watch).toBeNull();
});
