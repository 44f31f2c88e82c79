// A switch that hurts goes back by itself: simulated time and users, real detection, journal and decisions.
import { afterEach, expect, test } from "vitest";
import type { Site } from "../../src/app/app.ts";
import { deploy } from "../../src/app/deploy.ts";
import { openFlagDesk } from "../../src/app/flag-desk.ts";
import { guardFlips } from "../../src/app/flag-guard.ts";
import { waldBound } from "../../src/core/detect/bound.ts";
import { defaultAlpha } from "../../src/core/detect/error-finding.ts";
import type { Observation } from "../../src/core/detect/finding.ts";
import { decideGuard } from "../../src/core/flags/guard.ts";
import type { Release } from "../../src/core/release.ts";
import { ok } from "../../src/core/result.ts";
import { envState } from "../../src/core/state.ts";
import { flagdEvaluator } from "../../src/drivers/flags/evaluate.ts";
import type { Signals } from "../../src/ports/signals.ts";
import { type FakeApp, fakeApp } from "../app/fake-app.ts";
import { boolean } from "./bed.ts";

const apps: FakeApp[] = [];
afterEach(() => {
  for (const fake of apps.splice(0)) fake.close();
});

const perSecond = 100;

/** v1 is good and serves; its flag `fancy` is off until it is switched on. */
async function served(undo: "auto" | "ask" = "auto", targeting?: unknown) {
  const fake = fakeApp();
  apps.push(fake);
  const { ledger, clock } = fake.app.deps;
  const text = JSON.stringify({
    flags: { fancy: { ...boolean, defaultVariant: "off", ...(targeting ? { targeting } : {}) } },
  });
  const source = { name: "flags.json", read: async () => ok(text) };
  const seen = {
    ended: () => false,
    startedWith: async () => null,
    sources: async () => [],
    setLive: async () => ok(undefined),
  };
  const deps = { ledger, clock, evaluator: flagdEvaluator(), secret: () => "", ...seen };
  const flags = openFlagDesk(deps, new Map([["production", { source, mirrors: [], undo }]]));
  const app = { ...fake.app, flags };
  await flags.look();
  const out = {
    env: "production",
    version: "v1",
    planOnly: false,
    approved: true,
    wait: true,
    lift: null,
    by: "ann",
  };
  expect((await fake.settle(deploy(app, out))).outcome).toBe("done");
  const hush = guardFlips(app);
  const env = flags.env("production");
  if (!env) throw new Error("no such environment");
  const turn = (variant: string, hurts: number) => {
    fake.behaviours.set("v1", { failing: hurts });
    env.book.change({ flag: "fancy", variant, by: "ann", why: "", incident: null, until: null, op: null });
  };
  /** Time passes until no switch is watched any more. */
  const quiet = (heals = true) =>
    fake.settle(
      (async () => {
        await clock.sleep(100);
        while (Object.keys(env.state().guards).length > 0) {
          await clock.sleep(25);
          if (heals && env.state().overrides["fancy"]?.variant !== "on")
            fake.behaviours.set("v1", { failing: 0 });
        }
      })(),
    );
  return { fake, app, env, turn, quiet, hush, state: () => envState(ledger.state(), "production") };
}

test("a switch that makes 5 % of requests fail is taken back within 1.5 times the bound, and no release is touched", async () => {
  const { fake, env, turn, quiet, state } = await served();
  const before = state();
  turn("on", 0.05);
  const begun = fake.clock.now();
  await quiet();
  const undone = env.state().history.find(({ what }) => what === "guard-ended");
  const requests = (((undone?.at ?? 0) - begun) / 1_000) * perSecond;
  const bound = waldBound(defaultAlpha / 2, 0.05, 0.01);
  expect(requests / bound).toBeLessThanOrEqual(1.5);
  expect(undone).toMatchObject({ flag: "fancy", incident: expect.stringMatching(/^incident-/) });
  expect(env.state().overrides["fancy"]).toBe(undefined);
  expect(fake.sent).toBeDefined();
  const decision = state().lastDecision;
  expect(decision).toMatchObject({ decision: "flag-off", rule: "flag-broad-errors" });
  expect(decision?.why).toContain("The switch of fancy to on hurts");
  expect([state().serving, state().quarantine, state().run]).toEqual([before.serving, {}, null]);
  const pending = fake.app.deps.ledger.journal.outbox.pending(10).map(({ subject }) => subject);
  expect(pending).toContain("production: fancy was switched back by itself");
}, 60_000);

test("a switch that hurts a release that is still being watched goes back, and the release goes on to be good", async () => {
  const { fake, app, env, state } = await served();
  const { ledger, clock } = app.deps;
  ledger.listen(({ type }) => type === "flag.lifted" && fake.behaviours.set("v2", { failing: 0 }));
  const flip = clock.sleep(10_000).then(() => {
    fake.behaviours.set("v2", { failing: 0.05 });
    env.book.change({
      flag: "fancy",
      variant: "on",
      by: "ann",
      why: "",
      incident: null,
      until: null,
      op: null,
    });
  });
  const out = {
    env: "production",
    version: "v2",
    planOnly: false,
    approved: true,
    wait: true,
    lift: null,
    by: "ann",
  };
  const ended = await fake.settle(Promise.all([deploy(app, out), flip]));
  expect(fake.types()).toContain("flag.guard-ended");
  expect(env.state().overrides["fancy"]).toBe(undefined);
  expect([fake.serving(), state().quarantine]).toEqual(["v2", {}]);
  expect(["done", "waits"]).toContain(ended[0].outcome);
}, 60_000);

test("a release that was bad before the switch is rolled back all the same", async () => {
  const { fake, app, env, state } = await served();
  fake.behaviours.set("v2", { failing: 0.02 });
  const flip = app.deps.clock.sleep(20_000).then(() => {
    env.book.change({
      flag: "fancy",
      variant: "on",
      by: "ann",
      why: "",
      incident: null,
      until: null,
      op: null,
    });
  });
  const out = {
    env: "production",
    version: "v2",
    planOnly: false,
    approved: true,
    wait: true,
    lift: null,
    by: "ann",
  };
  const [ended] = await fake.settle(Promise.all([deploy(app, out), flip]));
  expect([ended.outcome, fake.serving(), Object.keys(state().quarantine)]).toEqual([
    "rolled-back",
    "v1",
    expect.anything(),
  ]);
}, 60_000);

test("the second time within half an hour a person is asked, and the switch stays", async () => {
  const { env, turn, quiet, state } = await served();
  turn("on", 0.05);
  await quiet();
  turn("on", 0.05);
  await quiet();
  expect(state().lastDecision).toMatchObject({ decision: "ask", rule: "flag-one-act-per-window" });
  expect(env.state().overrides["fancy"]?.variant).toBe("on");
}, 60_000);

test("a switch that does no harm stays, and its watch ends well", async () => {
  const { env, turn, quiet } = await served();
  turn("on", 0);
  await quiet();
  expect(env.state().overrides["fancy"]?.variant).toBe("on");
  expect(env.state().history.at(-1)?.why).toMatch(/^verified/);
}, 60_000);

test("a kill is never taken back without a person, however things go on", async () => {
  const { env, turn, quiet, state } = await served();
  turn("on", 0);
  await quiet();
  turn("off", 0.05);
  await quiet(false);
  expect(env.state().overrides["fancy"]?.variant).toBe("off");
  expect(state().lastDecision).toMatchObject({ decision: "ask", rule: "flag-never-undo-a-kill" });
}, 60_000);

test("where the policy says ask, a person is asked", async () => {
  const { env, turn, quiet, state } = await served("ask");
  turn("on", 0.05);
  await quiet();
  expect(env.state().overrides["fancy"]?.variant).toBe("on");
  expect(state().lastDecision?.rule).toBe("flag-policy-ask");
}, 60_000);

test("one client's errors are no reason to take a switch back", () => {
  const guard = { variant: "on" } as never;
  const finding = { outcome: "bad", breadth: "single-client", why: "one client" } as never;
  const decided = decideGuard({
    guard,
    finding,
    flag: boolean as never,
    policy: "auto",
    undoneAt: null,
    now: 0,
  });
  expect(decided).toEqual({ act: "none", rule: "single-client", why: "one client" });
});

/** Half of the users get `on` by the rules, and each answer says who got what; `failing`: every so many-th request of an arm. */
function halfAndHalf({ app }: FakeApp, failing: { on: number; off: number }): void {
  const site = app.sites.get("production");
  if (!site) throw new Error("no such environment");
  const count = { on: 0, off: 0 };
  const inArm = (seen: Observation, arm: "on" | "off"): Observation => {
    count[arm] += 1;
    const ok = failing[arm] === 0 || count[arm] % failing[arm] !== 0;
    return {
      ...seen,
      ok,
      status: ok ? 200 : 500,
      client: `${arm}-${count[arm] % 199}`,
      arms: { fancy: arm },
    };
  };
  const armed = (source: Signals): Signals => ({
    ...source,
    async observe(from) {
      const batch = await source.observe(from);
      if (!batch.ok || source.about !== "requests") return batch;
      const observations = batch.value.observations.map((seen, at) => inArm(seen, at % 2 ? "on" : "off"));
      return ok({ ...batch.value, observations });
    },
  });
  const changed = { ...site, signals: (release: Release) => site.signals(release).map(armed) };
  (app.sites as Map<string, Site>).set("production", changed);
}

const half = {
  fractional: [
    ["on", 50],
    ["off", 50],
  ],
};

async function lifted(failing: { on: number; off: number }) {
  const bed = await served("auto", half);
  bed.turn("off", 0);
  await bed.quiet();
  halfAndHalf(bed.fake, failing);
  bed.app.deps.ledger.record([
    { type: "flag.lifted", data: { env: "production", flag: "fancy", by: "ann", why: "mended", op: null } },
  ]);
  await bed.quiet(false);
  return bed;
}

test("where the log tells who has it, a lift that hurts those goes back to the kill of before", async () => {
  const { env, state } = await lifted({ on: 20, off: 0 });
  expect(env.state().overrides["fancy"]?.variant).toBe("off");
  expect(state().lastDecision).toMatchObject({ decision: "flag-off", rule: "flag-broad-errors" });
}, 60_000);

test("trouble of those who have it and those who have not is not the switch's doing", async () => {
  const { env, state } = await lifted({ on: 20, off: 20 });
  expect(env.state().overrides["fancy"]).toBe(undefined);
  expect(env.state().history.at(-1)?.why).toMatch(/^undecided.*serves beside it/);
  expect(state().lastDecision?.rule ?? "").not.toMatch(/^flag-/);
}, 60_000);
