// Outside of watches: trouble long after a deploy is found, told once, and never rolled back by default.
import { expect, test } from "vitest";
import type { Settings } from "../../src/app/app.ts";
import { deploy } from "../../src/app/deploy.ts";
import { explain } from "../../src/app/explain.ts";
import { status } from "../../src/app/status.ts";
import { keepVigil } from "../../src/app/vigil.ts";
import { type RuleChange, withRules } from "../../src/core/decide/policy.ts";
import { envState } from "../../src/core/state.ts";
import { type FakeApp, fakeApp } from "./fake-app.ts";

const common = {
  env: "production",
  planOnly: false,
  approved: true,
  wait: true,
  by: "test",
  lift: null,
} as const;
const minute = 60_000;

/** v1 and v2 are out and good, and nobody watches any more; then this happens. Time passes in one piece. */
async function afterwards(
  happens: (fake: FakeApp, sleep: (ms: number) => Promise<void>) => Promise<void>,
  change: Partial<Settings> = {},
): Promise<FakeApp> {
  const fake = fakeApp(change);
  for (const version of ["v1", "v2"]) await fake.settle(deploy(fake.app, { ...common, version }));
  const site = fake.app.sites.get("production");
  if (!site) throw new Error("no site");
  const life = async () => {
    const keeping = keepVigil(fake.app, site);
    await happens(fake, (ms) => fake.clock.sleep(ms));
    fake.close();
    await keeping;
  };
  await fake.settle(life());
  return fake;
}

type Made = { readonly decision: string; readonly rule: string; readonly at: number };
const decided = ({ store }: FakeApp) =>
  store.events.flatMap((event) =>
    event.type === "decision.made" ? [{ ...(event.data as Omit<Made, "at">), at: event.at }] : [],
  );
const env = (fake: FakeApp) => envState(fake.app.deps.ledger.state(), "production");

test("errors long after a deploy open one investigation with what changed, and nothing is rolled back", async () => {
  let since = 0;
  const fake = await afterwards(async ({ behaviours, clock }, sleep) => {
    await sleep(65 * minute);
    behaviours.set("v2", { failing: 0.1 });
    since = clock.now();
    await sleep(15 * minute);
  });
  expect(decided(fake)).toMatchObject([
    { decision: "investigate", rule: "outside", watch: null, cause: "unknown" },
  ]);
  expect((decided(fake)[0]?.at ?? 0) - since).toBeLessThan(30_000);
  expect(fake.serving()).toBe("v2");
  const { data } = explain(fake.app, { env: "production", what: null });
  expect(JSON.stringify(data["decision"])).toMatch(/since about \d\d:\d\d UTC/);
  expect(JSON.stringify(data["decision"])).toMatch(
    /Changed 6\d min( \d+ s)? before the trouble began: deploy v2/,
  );
  expect(data["belongs"]).toMatchObject([{ type: "investigation.opened", stream: "errors" }]);
}, 120_000);

test("trouble that ends, and comes again in a later round, is told of again", async () => {
  const fake = await afterwards(async ({ behaviours }, sleep) => {
    behaviours.set("v2", { failing: 0.1 });
    await sleep(10 * minute);
    behaviours.set("v2", { failing: 0 });
    // Through the short round in which it ended, and one without.
    await sleep(130 * minute);
    behaviours.set("v2", { failing: 0.1 });
    await sleep(2 * minute);
  });
  expect(decided(fake)).toMatchObject([{ rule: "outside" }, { rule: "outside" }]);
}, 120_000);

test("a policy may say more: then what serves is left, for last good", async () => {
  const rules: Readonly<Record<string, RuleChange>> = { outside: { do: "roll-back" } };
  const policy = { release: "auto" as const, database: "ask" as const, rules: withRules(rules) };
  const fake = await afterwards(
    async ({ behaviours }, sleep) => {
      await sleep(5 * minute);
      behaviours.set("v2", { failing: 0.1 });
      await sleep(2 * minute);
    },
    { policy },
  );
  expect(decided(fake)).toMatchObject([{ decision: "roll-back", rule: "outside" }]);
  expect(fake.serving()).toBe("v1");
}, 120_000);

test("one client's failures, and a healthy day, tell of nothing; the status says how it listens", async () => {
  const fake = await afterwards(async (now, sleep) => {
    now.behaviours.set("v2", { failing: 0.05, clients: 1 });
    await sleep(10 * minute);
    const { data } = await status(now.app, { env: null });
    expect(data["environments"]).toMatchObject([
      { vigil: { found: [], going: [], streams: [{ stream: "errors" }, { stream: "client" }] } },
    ]);
  });
  expect(decided(fake)).toEqual([]);
}, 120_000);

test("a deploy ends the round, its watch is what it is, and the next round begins after it", async () => {
  const fake = await afterwards(async ({ app }, sleep) => {
    await sleep(2 * minute);
    await deploy(app, { ...common, version: "v3" });
    await sleep(minute);
  });
  expect(fake.types().filter((type) => type.startsWith("vigil."))).toEqual([
    "vigil.began",
    "vigil.ended",
    "vigil.began",
    "vigil.ended",
  ]);
  expect(env(fake).vigil?.release).toMatch(/^v3/);
  expect(env(fake).vigil?.spent.alpha).toBeLessThan(0.01);
  expect(decided(fake)).toEqual([]);
}, 120_000);
