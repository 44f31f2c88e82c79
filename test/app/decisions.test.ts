// Decisions as people live them, in the simulated world: what is done, what is held back, and that the journal says why.
import { expect, test } from "vitest";
import { compare } from "../../src/app/compare.ts";
import { type DeployInput, deploy } from "../../src/app/deploy.ts";
import { explain } from "../../src/app/explain.ts";
import { freeze } from "../../src/app/freeze.ts";
import { type ReportInput, report } from "../../src/app/report.ts";
import { rollback } from "../../src/app/rollback.ts";
import { followWatch } from "../../src/app/watch.ts";
import { defaultPolicy, type Policy, withRules } from "../../src/core/decide/policy.ts";
import type { EventOf, EventType } from "../../src/core/event.ts";
import { envState } from "../../src/core/state.ts";
import { exitCodes } from "../../src/core/view/outcome.ts";
import { type FakeApp, fakeApp } from "./fake-app.ts";

const common = { env: "production", planOnly: false, approved: true, wait: true, by: "test" } as const;

function send(fake: FakeApp, version: string, change: Partial<DeployInput> = {}) {
  return fake.settle(deploy(fake.app, { ...common, version, lift: null, ...change }));
}

function say(fake: FakeApp, kind: ReportInput["kind"], change: Partial<ReportInput> = {}) {
  const severity = { impact: null, users: null, dataRisk: null };
  const input = { env: "production", planOnly: false, by: "ann", what: "I see it", ...severity };
  return fake.settle(report(fake.app, { ...input, kind, ...change }));
}

function env(fake: FakeApp) {
  return envState(fake.app.deps.ledger.state(), "production");
}

function all<T extends EventType>(fake: FakeApp, type: T): readonly EventOf<T>["data"][] {
  return fake.store.events.flatMap((event) =>
    event.type === type ? [event.data as EventOf<T>["data"]] : [],
  );
}

const policy = (change: Partial<Policy>) => ({ policy: { ...defaultPolicy, ...change } });

test("a security report goes back, freezes deploys and keeps the evidence; deploys are refused until it is lifted", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  await send(fake, "v2");
  const outcome = await say(fake, "security");
  expect([outcome.outcome, fake.serving()]).toEqual(["done", "v1"]);
  expect(fake.types()).toContain("evidence.kept");
  const refused = await send(fake, "v3");
  expect([refused.outcome, exitCodes[refused.outcome]]).toEqual(["refused", 3]);
  expect(refused.what).toMatch(/frozen since .* by ann/);
  expect(
    freeze(fake.app, { env: "production", why: null, lift: "the hole is closed", by: "ann" }).outcome,
  ).toBe("done");
  expect((await send(fake, "v3")).outcome).toBe("done");
});

test("while deploys are frozen a rollback works, and nothing is dropped", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  await send(fake, "v2");
  freeze(fake.app, { env: "production", why: "we look", lift: null, by: "ann" });
  const plan = await send(fake, "v3", { planOnly: true });
  const back = {
    env: "production",
    version: "v1",
    withData: false,
    planOnly: false,
    approved: true,
    wait: true,
  };
  const outcome = await fake.settle(rollback(fake.app, { ...back, by: "ann", why: null }));
  expect([plan.outcome, outcome.outcome, fake.serving()]).toEqual(["planned", "done", "v1"]);
  expect(freeze(fake.app, { env: "production", why: "again", lift: null, by: "bob" }).outcome).toBe(
    "unchanged",
  );
  expect(env(fake).frozen).toMatchObject({ by: "ann", why: "we look" });
});

test("a report of corruption asks by default, and names the command", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  await send(fake, "v2");
  const outcome = await say(fake, "corruption");
  expect([outcome.outcome, fake.serving()]).toEqual(["waits", "v2"]);
  expect(env(fake).lastDecision).toMatchObject({ decision: "ask", rule: "no-restore-point" });
});

test("failing payments go back and leave a message for the provider, with figures", async () => {
  const fake = fakeApp({ ...policy({ paymentProvider: "Stripe" }) });
  await send(fake, "v1");
  await send(fake, "v2");
  const outcome = await say(fake, "payments", { what: "12 of 40 charges failed" });
  expect([outcome.outcome, fake.serving()]).toEqual(["done", "v1"]);
  const [draft] = all(fake, "message.drafted");
  expect(draft).toMatchObject({ to: "Stripe", subject: expect.stringContaining("payments failing since") });
  expect(draft?.text).toMatch(/12 of 40 charges failed[\s\S]*gone back to our former release v1/);
});

test("a plan of a report changes nothing", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  await send(fake, "v2");
  const head = fake.store.events.length;
  const outcome = await say(fake, "down", { planOnly: true });
  expect(outcome).toMatchObject({ outcome: "planned", what: expect.stringContaining("roll-back") });
  expect(fake.store.events.length).toBe(head);
});

test("a low report is only written down; a medium one with no flag goes back", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  await send(fake, "v2");
  expect((await say(fake, "other")).outcome).toBe("done");
  expect(fake.serving()).toBe("v2");
  await say(fake, "other", { impact: "medium", users: "some" });
  expect(fake.serving()).toBe("v1");
  expect(env(fake).lastDecision).toMatchObject({ rule: "matrix-medium", decision: "roll-back" });
});

test("after a person's word the release that came back is watched", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  await send(fake, "v2");
  await say(fake, "errors");
  expect(env(fake).watch).toMatchObject({ after: "rollback" });
  const site = fake.app.sites.get("production");
  if (!site) throw new Error("no site");
  expect((await fake.settle(followWatch(fake.app, site))).helped).toBe(true);
});

test("in quiet hours a bad release is not left by itself: a person is asked, and the fact is there", async () => {
  const quiet = [{ from: 0, to: 0, flag: "ask", release: "ask", database: "ask" }] as const;
  const fake = fakeApp(policy({ quiet }));
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.05 });
  const outcome = await send(fake, "v2");
  expect([outcome.outcome, fake.serving()]).toEqual(["waits", "v2"]);
  expect(env(fake).lastDecision).toMatchObject({
    decision: "ask",
    rule: "quiet-hours",
    matched: "broad-errors",
  });
});

test.each([
  ["cool-down", { acts: 5, withinMs: 3_600_000, coolDownMs: 3_600_000 }],
  ["limit-acts", { acts: 1, withinMs: 3_600_000, coolDownMs: 0 }],
])("the second bad release soon after the first: %s", async (rule, limits) => {
  const fake = fakeApp(policy({ limits }));
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.05 });
  fake.behaviours.set("v3", { failing: 0.05 });
  expect((await send(fake, "v2")).outcome).toBe("rolled-back");
  expect((await send(fake, "v3")).outcome).toBe("waits");
  expect([fake.serving(), env(fake).lastDecision?.rule]).toEqual(["v3", rule]);
});

test("by default the second bad release is left as well", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.05 });
  fake.behaviours.set("v3", { failing: 0.05 });
  await send(fake, "v2");
  expect((await send(fake, "v3")).outcome).toBe("rolled-back");
  expect(env(fake).acts).toHaveLength(2);
});

test("a rule that says investigate opens one with the evidence, tells once, and the watch goes on to its end", async () => {
  const rules = withRules({ "broad-errors": { do: "investigate" } });
  const fake = fakeApp(policy({ rules }));
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.05 });
  const outcome = await send(fake, "v2");
  expect([outcome.outcome, fake.serving()]).toEqual(["waits", "v2"]);
  const opened = all(fake, "investigation.opened");
  expect(opened).toHaveLength(1);
  expect(opened[0]?.evidence).toMatchObject({ finding: { outcome: "bad" }, severity: { impact: "high" } });
  expect(fake.types()).not.toContain("release.quarantined");
  const release = Object.values(env(fake).releases).find((one) => one.release.version === "v2");
  expect(release?.goodAt).toBeNull();
});

test("every act by itself is explained by the journal alone: facts, rule, alternatives", async () => {
  const fake = fakeApp();
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.05 });
  await send(fake, "v2");
  const newest = explain(fake.app, { env: "production", what: null });
  expect(newest.what).toMatch(/roll-back \(rule broad-errors\)/);
  const decision = newest.data["decision"] as {
    number: number;
    watch: string;
    facts: string[];
    alternatives: object[];
  };
  expect(decision.facts.join("\n")).toMatch(
    /Stream errors of v2[\s\S]*Changed .* before the trouble began: deploy v2[\s\S]*Rule broad-errors[\s\S]*Policy: /,
  );
  expect(decision.alternatives.length).toBeGreaterThan(3);
  const run = all(fake, "run.planned").find((one) => one.plan.kind === "rollback")?.run ?? "";
  for (const what of [String(decision.number), `decision-${decision.number}`, decision.watch, run]) {
    const named = explain(fake.app, { env: "production", what });
    expect((named.data["decision"] as { number: number }).number, what).toBe(decision.number);
  }
});

test("explain says so where there is nothing to explain, and which decisions there are", async () => {
  const fake = fakeApp();
  expect(explain(fake.app, { env: "production", what: null }).what).toMatch(/Nothing had to be decided/);
  await send(fake, "v1");
  await send(fake, "v2");
  await say(fake, "other");
  const outcome = explain(fake.app, { env: "production", what: "incident-9" });
  expect([outcome.outcome, outcome.next]).toEqual([
    "usage",
    expect.stringMatching(/newest decisions: \d+ \(hold\)/),
  ]);
});

test("compare says whether going back would help, from what watches kept and the one that goes on", async () => {
  const fake = fakeApp(policy({ rules: withRules({ "broad-errors": { do: "investigate" } }) }));
  await send(fake, "v1");
  fake.behaviours.set("v2", { failing: 0.05 });
  await send(fake, "v2");
  const ask = (release: string | null, to: string | null) =>
    compare(fake.app, { env: "production", release, to });
  expect(all(fake, "watch.ended")[0]?.seen?.bins[0]?.requests).toBeGreaterThan(1_000);
  const worse = ask(null, null);
  expect(worse.data).toMatchObject({ release: "v2", to: "v1", answer: "yes" });
  expect([worse.next, worse.means]).toEqual([
    "lastgood rollback",
    expect.stringContaining("requests failed"),
  ]);
  expect(ask("v9", null).outcome).toBe("usage");
  expect(ask("v1", "v1").data["answer"]).toBe("no");
});
