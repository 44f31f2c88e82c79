// Deploys as people live them, in the simulated world: what is decided, and why.
import { expect, test } from "vitest";
import { type DeployInput, deploy } from "../../src/app/deploy.ts";
import { explain } from "../../src/app/explain.ts";
import { history } from "../../src/app/history.ts";
import { lockBreak, lockShow } from "../../src/app/lock.ts";
import { reviveAll } from "../../src/app/revive.ts";
import { rollback } from "../../src/app/rollback.ts";
import { status } from "../../src/app/status.ts";
import { envState } from "../../src/core/state.ts";
import { exitCodes } from "../../src/core/view/outcome.ts";
import { tell } from "../../src/engine/tell.ts";
import { routeOf } from "../../src/testing/sim/target.ts";
import { type FakeApp, fakeApp } from "./fake-app.ts";

const common = { env: "production", planOnly: false, approved: true, wait: true, by: "test" } as const;

function send(fake: FakeApp, version: string, change: Partial<DeployInput> = {}) {
  return fake.settle(deploy(fake.app, { ...common, version, lift: null, ...change }));
}

function back(fake: FakeApp, version: string | null = null) {
  return fake.settle(rollback(fake.app, { ...common, version, withData: false, why: null }));
}

function env(fake: FakeApp) {
  return envState(fake.app.deps.ledger.state(), "production");
}

test("a good release passes its watch, counts as good, and the one before is stopped", async () => {
  const fake = fakeApp();
  expect((await send(fake, "v1")).outcome).toBe("done");
  const outcome = await send(fake, "v2");
  expect([outcome.outcome, exitCodes[outcome.outcome], fake.serving()]).toEqual(["done", 0, "v2"]);
  expect(Object.values(env(fake).releases).every((one) => one.goodAt !== null)).toBe(true);
  expect(fake.target.instances.filter((one) => one.alive).map((one) => one.release.split("-")[0])).toEqual([
    "v2",
  ]);
});

test("a bad release is caught, left and quarantined; last good serves, exit 5", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.05 });
  const outcome = await send(fake, "v2");
  expect([outcome.outcome, exitCodes[outcome.outcome], fake.serving()]).toEqual(["rolled-back", 5, "v1"]);
  expect(outcome.data["helped"]).toBe(true);
  expect(Object.values(env(fake).quarantine).map((one) => one.release.split("-")[0])).toEqual(["v2"]);
  expect(env(fake).lastDecision).toMatchObject({ decision: "roll-back", rule: "broad-errors" });
  expect(env(fake).lastDecision?.alternatives.length).toBeGreaterThan(2);
});

test("a quarantined release is refused with the reason, under another name as well, until a person lifts it", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.05 });
  await send(fake, "v2");
  const again = await send(fake, "v2");
  expect([again.outcome, exitCodes[again.outcome]]).toEqual(["refused", 3]);
  expect(again.problem).toMatchObject({ code: "quarantined" });
  expect(again.what).toMatch(/failed/);
  const renamed = fake.target.sources.get("v2");
  if (renamed) fake.target.sources.set("v3", { ...renamed, id: "v3-renamed", version: "v3" });
  expect((await send(fake, "v3")).problem).toMatchObject({ code: "quarantined" });
  expect(fake.types().filter((type) => type === "deploy.refused")).toHaveLength(2);
  fake.behaviours.delete("v2");
  expect((await send(fake, "v2", { lift: "it was the network" })).outcome).toBe("done");
  expect(fake.types()).toContain("release.lifted");
});

test("errors of one client among many lead to no rollback", async () => {
  const fake = fakeApp({ watch: { forMs: 400_000, checkMs: 1_000, tolerate: 0.01, waitForVerdict: false } });
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.2, clients: 1 });
  await send(fake, "v2");
  expect(fake.serving()).toBe("v2");
  expect(fake.types()).not.toContain("release.quarantined");
});

test("where the source of signals is silent, a person is told, and nothing is decided", async () => {
  const fake = fakeApp({ watch: { forMs: 60_000, checkMs: 1_000, tolerate: 0.01, waitForVerdict: false } });
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0, blind: true });
  const outcome = await send(fake, "v2");
  expect([outcome.outcome, exitCodes[outcome.outcome], fake.serving()]).toEqual(["waits", 4, "v2"]);
  expect(env(fake).lastDecision).toMatchObject({ decision: "ask", rule: "blind" });
  expect(Object.values(env(fake).releases).find((one) => one.release.version === "v2")?.goodAt).toBeNull();
});

test.each([
  ["ask", "ask", "policy-ask"],
  ["never", "hold", "policy-never"],
] as const)("with policy %s nothing is switched: decision %s", async (policy, decision, rule) => {
  const fake = fakeApp({ policy: { release: policy, database: "ask" } });
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.1 });
  const outcome = await send(fake, "v2");
  expect([outcome.outcome, fake.serving()]).toEqual(["waits", "v2"]);
  expect(env(fake).lastDecision).toMatchObject({ decision, rule });
});

const compared = (fake: FakeApp) =>
  fake.store.events.flatMap(({ type, data }) =>
    type === "rollback.compared" ? [data as Record<string, unknown>] : [],
  );

test("after a way back what users saw right before it and right after it is compared, and explained with the decision", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.02 });
  await send(fake, "v2");
  expect(compared(fake)).toMatchObject([{ helped: "yes" }]);
  expect(compared(fake)[0]?.["why"]).toMatch(/requests failed \(.*before going back, 0 % after it/);
  const { data } = explain(fake.app, { env: "production", what: null });
  expect(data["back"]).toMatchObject({ helped: "yes" });
});

test("when errors go on after the rollback, the release was not the cause: quarantine is lifted, a person is asked, nothing more is rolled back", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  fake.behaviours.set("v1", { failing: 0.1 });
  fake.behaviours.set("v2", { failing: 0.1 });
  const outcome = await send(fake, "v2");
  expect(outcome.data["helped"]).toBe(false);
  expect(env(fake).quarantine).toEqual({});
  expect(env(fake).lastDecision).toMatchObject({ decision: "ask", rule: "rollback-did-not-help" });
  expect(env(fake).history.filter((run) => run.kind === "rollback")).toHaveLength(1);
  expect(compared(fake)).toMatchObject([
    { left: expect.stringMatching(/^v2/), to: expect.stringMatching(/^v1/) },
  ]);
  expect(compared(fake)[0]?.["helped"]).not.toBe("yes");
  await fake.settle(tell(fake.app.deps.ledger, () => fake.app.sites.get("production")?.notifiers ?? []));
  expect(fake.sent.join("\n")).toMatch(/rolls back to v1[\s\S]*still fails after the rollback/);
});

test("a bad first release is not rolled back into nothing", async () => {
  const fake = fakeApp();
  fake.behaviours.set("v1", { failing: 0.2 });
  const outcome = await send(fake, "v1");
  expect([outcome.outcome, fake.serving()]).toEqual(["waits", "v1"]);
  expect(env(fake).lastDecision).toMatchObject({ rule: "nothing-to-go-back-to" });
});

test.each(["crashes", "unhealthy"] as const)(
  "a release that %s at boot never gets a request: exit 1",
  async (temper) => {
    const fake = fakeApp({}, { v2: temper });
    await send(fake, "v1");
    const outcome = await send(fake, "v2");
    expect([outcome.outcome, exitCodes[outcome.outcome], fake.serving()]).toEqual(["failed", 1, "v1"]);
    expect(outcome.what).toMatch(temper === "crashes" ? /exited[\s\S]*last lines/ : /not healthy/);
  },
);

test("rollback without a version goes to last good; with one, to that one, and warns where it is not proven", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  await send(fake, "v2", { wait: false });
  await send(fake, "v3", { wait: false });
  const outcome = await back(fake);
  expect([outcome.outcome, fake.serving()]).toEqual(["done", "v1"]);
  const named = await back(fake, "v2");
  expect([named.outcome, fake.serving(), named.data["warnings"]]).toEqual([
    "done",
    "v2",
    ["v2 never passed a watch: it is not known to be good."],
  ]);
});

test("rollback where there is nothing to go back to: exit 2, and what is known", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  const outcome = await back(fake);
  expect([outcome.outcome, exitCodes[outcome.outcome]]).toEqual(["usage", 2]);
  expect(outcome.next).toContain("v1");
});

test("an approval is bound to the plan that was seen", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  const seen = await send(fake, "v2", { planOnly: true });
  await send(fake, "v3");
  const outcome = await send(fake, "v2", { approved: String(seen.data["hash"]) });
  expect([outcome.outcome, fake.serving()]).toEqual(["waits", "v3"]);
  const now = await send(fake, "v2", { planOnly: true });
  expect((await send(fake, "v2", { approved: String(now.data["hash"]) })).outcome).toBe("done");
});

test("what is deployed already is left alone", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  const head = fake.store.events.length;
  expect((await send(fake, "v1")).outcome).toBe("unchanged");
  expect(fake.store.events.length).toBe(head);
});

test("what served and died is started again, but not for ever", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  for (let death = 1; death <= 5; death++) {
    for (const one of fake.target.instances) one.alive = false;
    await fake.settle(reviveAll(fake.app));
  }
  expect(env(fake).history.filter((run) => run.kind === "revive")).toHaveLength(3);
});

test("what dies again and again is production down: the policy decides, once, and last good serves", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  await send(fake, "v2");
  for (let death = 1; death <= 4; death++) {
    for (const one of fake.target.instances) one.alive = false;
    await fake.settle(reviveAll(fake.app));
  }
  expect(env(fake).lastDecision).toMatchObject({ decision: "roll-back", rule: "down" });
  expect(fake.serving()).toBe("v1");
  expect(fake.types().filter((type) => type === "decision.made")).toHaveLength(1);
});

test("status says in one sentence how production is, and what can be undone", async () => {
  const fake = fakeApp();
  expect((await fake.settle(status(fake.app, { env: null }))).what).toBe(
    "production: nothing was deployed yet.",
  );
  await send(fake, "v1");
  await send(fake, "v2", { wait: false });
  const now = await fake.settle(status(fake.app, { env: "production" }));
  expect(now.data["environments"]).toMatchObject([
    { version: "v2", well: true, lastGood: { version: "v1", warm: true }, watch: { after: "deploy" } },
  ]);
});

test("history shows releases, runs and a timeline in sentences", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.1 });
  await send(fake, "v2");
  const { data } = history(fake.app, { env: "production", limit: 100 });
  const text = (data["timeline"] as { text: string }[]).map((row) => row.text).join("\n");
  expect(text).toMatch(
    /Deploy to v2[\s\S]*Finding: bad[\s\S]*Decision: roll-back[\s\S]*quarantined[\s\S]*Rollback to v1/,
  );
  expect(data["releases"]).toMatchObject([
    { version: "v1", current: true },
    { version: "v2", bad: true },
  ]);
});

test("a paused run is shown by lock, refuses a deploy with exit 4, and break frees it with a higher epoch", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  const { ledger, holder } = fake.app.deps;
  const { plan } = Object.values(ledger.state().runs)[0] ?? {};
  if (!plan) throw new Error("no run");
  const why = { code: "needs-person", what: "the route was changed by hand", next: "look" };
  ledger.record([
    { type: "run.planned", data: { run: "stuck", plan, hash: "", by: "test" } },
    { type: "run.started", data: { run: "stuck", holder } },
    { type: "run.paused", data: { run: "stuck", why, at: "switch" } },
  ]);
  expect(lockShow(fake.app, { env: "production" }).data).toMatchObject({ held: true, run: "stuck" });
  const refused = await send(fake, "v2");
  expect([refused.outcome, exitCodes[refused.outcome]]).toEqual(["waits", 4]);
  const epoch = ledger.journal.epoch();
  fake.target.routes.set("web", { ...routeOf(fake.target, "web"), epoch: epoch + 10 });
  const broken = await fake.settle(lockBreak(fake.app, { env: "production", by: "test", why: "seen to" }));
  expect(broken.outcome).toBe("done");
  // Above all that was seen: ours, and what the target knows.
  expect(ledger.journal.epoch()).toBeGreaterThan(epoch + 10);
  expect((await send(fake, "v2")).outcome).toBe("done");
});

test("a clock that jumps by an hour, forth or back, changes no verdict", async () => {
  for (const jumpMs of [3_600_000, -3_600_000]) {
    const fake = fakeApp();
    await send(fake, "v1");
    fake.behaviours.set("v2", { failing: 0.05 });
    fake.app.deps.ledger.listen((event) => {
      if (event.type === "watch.started") fake.clock.jump(jumpMs);
    });
    const outcome = await send(fake, "v2");
    expect([jumpMs, outcome.outcome, fake.serving()]).toEqual([jumpMs, "rolled-back", "v1"]);
    expect(fake.types()).toContain("clock.jumped");
  }
});

test("a warm last good that died unseen is started, and production is back all the same", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.05 });
  const { runtime } = fake.app.sites.get("production")?.world ?? {};
  if (!runtime) throw new Error("no runtime");
  // It dies between the look that finds it warm and the run.
  fake.app.deps.ledger.listen((event) => {
    if (event.type !== "decision.made" || event.data.decision !== "roll-back") return;
    for (const one of fake.target.instances) if (one.release.startsWith("v1")) one.alive = false;
  });
  const outcome = await send(fake, "v2");
  expect([outcome.outcome, fake.serving()]).toEqual(["rolled-back", "v1"]);
  expect(
    env(fake)
      .history.filter((run) => run.kind === "rollback")
      .map((run) => run.outcome),
  ).toEqual(["undone", "done"]);
});

test("what is quarantined is not revived: last good is started instead", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  await send(fake, "v2");
  const bad = env(fake).releases[env(fake).serving ?? ""]?.release;
  if (!bad) throw new Error("nothing serves");
  fake.app.deps.ledger.record([
    {
      type: "release.quarantined",
      data: { env: "production", release: bad.id, digest: bad.digest, why: "test" },
    },
  ]);
  for (const one of fake.target.instances) one.alive = false;
  await fake.settle(reviveAll(fake.app));
  expect(fake.serving()).toBe("v1");
});

test("a deploy that fails before its switch leaves the watch of the release before it alone", async () => {
  const fake = fakeApp({}, { v2: "crashes" });
  await send(fake, "v1", { wait: false });
  expect((await send(fake, "v2")).outcome).toBe("failed");
  expect(env(fake).watch).toMatchObject({ after: "deploy" });
  expect(fake.types()).not.toContain("watch.ended");
});

test("a deploy while another is watched is watched itself, to its own verdict", async () => {
  const fake = fakeApp();
  await send(fake, "v1", { wait: false });
  const outcome = await send(fake, "v2");
  expect([outcome.outcome, outcome.what]).toEqual(["done", "v2 is good."]);
});
