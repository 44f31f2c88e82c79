// The decision table: one row a situation that people have lived through; the trigger tables of the runbook row by row.
import { expect, test } from "vitest";
import type { Attribution, Cause } from "../../../src/core/attribute/attribution.ts";
import { decide } from "../../../src/core/decide/decide.ts";
import { defaultPolicy, type Policy, withRules } from "../../../src/core/decide/policy.ts";
import type { Report } from "../../../src/core/decide/severity.ts";
import type { Situation } from "../../../src/core/decide/situation.ts";
import type { Finding } from "../../../src/core/detect/finding.ts";

const figures = {
  stream: "errors",
  requests: 800,
  errors: 40,
  errorClients: 17,
  evidence: 4_000,
  needed: 2_000,
  threshold: 0.01,
  why: "40 of 800 requests failed",
};
const broad: Finding = { outcome: "bad", breadth: "broad", onsetS: 0, ...figures };
const onStream = (stream: string): Finding => ({ ...broad, stream });
const noon = Date.UTC(2026, 0, 15, 12, 0);
const minute = 60_000;

const situation: Situation = {
  env: "production",
  watch: "watch-1",
  finding: broad,
  report: null,
  after: "deploy",
  release: "v2",
  servingSince: noon - 60_000,
  ways: { lastGood: "v1", warm: true, flag: null, restorePoint: "before-v2" },
  attribution: null,
  policy: defaultPolicy,
  acts: [],
  now: noon,
};

const says = (kind: Report["kind"], change: Partial<Report> = {}): Partial<Situation> => ({
  finding: null,
  after: null,
  report: { kind, by: "ann", what: "it is bad", impact: null, users: null, dataRisk: null, ...change },
});
const withPolicy = (change: Partial<Policy>): Partial<Situation> => ({
  policy: { ...defaultPolicy, ...change },
});
const dueTo = (cause: Cause, changes: Attribution["changes"] = []): Partial<Situation> => ({
  attribution: { cause, changes, facts: [`It looks ${cause}.`] },
});
const flip = { kind: "flag", name: "new-checkout", at: noon, distanceS: 20 } as const;
const withFlag = { ...dueTo("flag", [flip]), ways: { ...situation.ways, flag: "new-checkout" } };

type Row = readonly [string, Partial<Situation>, string, string];

test.each<Row>([
  ["production down", { finding: { ...broad, breadth: "down" } }, "roll-back", "down"],
  ["production down, a person says so", says("down"), "roll-back", "down"],
  [
    "data corruption, the database by itself",
    { finding: onStream("integrity"), ...withPolicy({ database: "auto" }) },
    "restore",
    "data-corruption",
  ],
  ["data corruption, by default", says("corruption"), "ask", "policy-ask"],
  ["security breach", says("security"), "roll-back", "security"],
  ["payment failures", { finding: onStream("payments:stripe") }, "roll-back", "payment-failures"],
  ["500 errors > 1 %", {}, "roll-back", "broad-errors"],
])("roll back at once: %s", (_, change, decision, rule) => {
  expect(decide({ ...situation, ...change })).toMatchObject({ decision, rule });
});

test.each<Row>([
  ["slow performance", { finding: onStream("latency-p95") }, "investigate", "slow"],
  ["slow queries", { finding: onStream("queries") }, "investigate", "slow"],
  ["single user issue", { finding: { ...broad, breadth: "single-client" } }, "investigate", "single-client"],
  ["intermittent error of an external service", dueTo("external"), "investigate", "external"],
  [
    "an external service down takes us down",
    { finding: { ...broad, breadth: "down" }, ...dueTo("external") },
    "investigate",
    "external",
  ],
  ["it was there before", dueTo("pre-existing"), "investigate", "pre-existing"],
])("investigate first: %s", (_, change, decision, rule) => {
  expect(decide({ ...situation, ...change })).toMatchObject({ decision, rule });
});

test.each<Row>([
  ["low, no users, no data risk", says("other", { impact: "low" }), "hold", "matrix-low"],
  [
    "medium, some users: flag off",
    {
      ...says("other", { impact: "medium", users: "some" }),
      ...withFlag,
      attribution: { ...withFlag.attribution, cause: "unknown" } as Attribution,
    },
    "flag-off",
    "matrix-medium",
  ],
  [
    "medium, some users, no flag known: the next cheapest",
    says("other", { impact: "medium" }),
    "roll-back",
    "matrix-medium",
  ],
  ["high, many users", says("other", { impact: "high", users: "many" }), "roll-back", "matrix-high"],
  [
    "critical, data at risk",
    { ...says("other", { impact: "critical", dataRisk: true }), ...withPolicy({ database: "auto" }) },
    "restore",
    "matrix-critical",
  ],
  [
    "critical, no data at risk",
    says("other", { impact: "critical", users: "all" }),
    "roll-back",
    "matrix-high",
  ],
])("the matrix: %s", (_, change, decision, rule) => {
  expect(decide({ ...situation, ...change })).toMatchObject({ decision, rule });
});

test.each<Row>([
  [
    "one client's errors, whatever the policy",
    { finding: { ...broad, breadth: "single-client" }, ...withPolicy({ release: "never" }) },
    "investigate",
    "single-client",
  ],
  [
    "no earlier good release",
    { ways: { ...situation.ways, lastGood: null } },
    "ask",
    "nothing-to-go-back-to",
  ],
  [
    "no backup to restore",
    { ...says("corruption"), ways: { ...situation.ways, restorePoint: null } },
    "ask",
    "no-restore-point",
  ],
  ["a policy that asks", withPolicy({ release: "ask" }), "ask", "policy-ask"],
  ["a policy that forbids", withPolicy({ release: "never" }), "hold", "policy-never"],
  [
    "a restore where releases must not go back",
    { ...says("corruption"), ...withPolicy({ release: "never", database: "auto" }) },
    "hold",
    "policy-never",
  ],
  ["errors after a rollback", { after: "rollback" }, "ask", "rollback-did-not-help"],
  ["errors after a revival", { after: "revive" }, "ask", "rollback-did-not-help"],
  [
    "one client's errors after a rollback",
    { after: "rollback", finding: { ...broad, breadth: "single-client" } },
    "investigate",
    "single-client",
  ],
  ["a silent source", { finding: { outcome: "blind", ...figures } }, "ask", "blind"],
  ["a verified release", { finding: { outcome: "verified", ...figures } }, "hold", "not-bad"],
  [
    "too few requests",
    { finding: { outcome: "undecided", moreRequests: 100, ...figures } },
    "hold",
    "not-bad",
  ],
  [
    "a stream that no trigger names: by its severity",
    { finding: onStream("of its own") },
    "roll-back",
    "matrix-high",
  ],
  ["events that stay away: look first", { finding: onStream("silence:orders") }, "investigate", "slow"],
])("%s", (_, change, decision, rule) => {
  expect(decide({ ...situation, ...change })).toMatchObject({ decision, rule });
});

test("a flag that did it is switched off before a release is touched", () => {
  const made = decide({ ...situation, ...withFlag });
  expect(made).toMatchObject({
    decision: "flag-off",
    rule: "flag",
    way: { how: "flag", to: "new-checkout" },
  });
  const instead = made.alternatives.find((one) => one.decision === "roll-back");
  expect(instead?.whyNot).toMatch(/cheaper/);
});

test("a flag is no way back where the nearest change was another one", () => {
  const deploy = { kind: "deploy", name: "v2", at: noon, distanceS: 1 } as const;
  const made = decide({ ...situation, ...withFlag, ...dueTo("flag", [deploy, flip]) });
  expect(made).toMatchObject({ decision: "roll-back", way: { how: "switch" } });
});

test("one switch where last good still runs, a start where it does not", () => {
  expect(decide(situation).way).toEqual({ remedy: "roll-back", how: "switch", to: "v1" });
  const cold = decide({ ...situation, ways: { ...situation.ways, warm: false } });
  expect(cold.way).toEqual({ remedy: "roll-back", how: "start", to: "v1" });
});

test("a security breach also freezes deploys, keeps the evidence and is looked into", () => {
  expect(decide({ ...situation, ...says("security") }).also).toEqual([
    "freeze",
    "keep-evidence",
    "investigate",
  ]);
});

test("failing payments also make a message to the provider ready", () => {
  expect(decide({ ...situation, finding: onStream("payments") }).also).toEqual(["draft"]);
});

const night = { from: 22 * 60, to: 6 * 60, flag: "auto", release: "ask", database: "never" } as const;

test.each([
  ["noon", 12, "roll-back", "broad-errors"],
  ["half past ten at night", 22.5, "ask", "quiet-hours"],
  ["three in the morning", 3, "ask", "quiet-hours"],
  ["six in the morning", 6, "roll-back", "broad-errors"],
])("quiet hours at %s", (_, hour, decision, rule) => {
  const now = Date.UTC(2026, 0, 15, 0, hour * 60);
  const made = decide({ ...situation, ...withPolicy({ quiet: [night] }), now });
  expect(made).toMatchObject({ decision, rule });
});

test("quiet hours are those of the policy's zone, and leave cheaper ways as they are", () => {
  const now = Date.UTC(2026, 0, 15, 2, 0);
  const tokyo = decide({ ...situation, ...withPolicy({ quiet: [night], zone: "Asia/Tokyo" }), now });
  expect(tokyo.decision).toBe("roll-back");
  expect(decide({ ...situation, ...withFlag, ...withPolicy({ quiet: [night] }), now }).decision).toBe(
    "flag-off",
  );
});

const limits = { acts: 2, withinMs: 60 * minute, coolDownMs: 10 * minute };

test.each([
  ["nothing was done before", [], "roll-back", "broad-errors"],
  ["one act, long enough ago", [30], "roll-back", "broad-errors"],
  ["one act just now", [5], "ask", "cool-down"],
  ["as many as are allowed", [50, 20], "ask", "limit-acts"],
  ["as many, but long ago", [70, 61], "roll-back", "broad-errors"],
])("limits where %s", (_, minutesAgo, decision, rule) => {
  const acts = minutesAgo.map((one) => noon - one * minute);
  expect(decide({ ...situation, ...withPolicy({ limits }), acts })).toMatchObject({ decision, rule });
});

test("a rule that was held back is named, with what a person's yes would do", () => {
  const made = decide({ ...situation, ...withPolicy({ release: "ask" }) });
  expect(made).toMatchObject({ matched: "broad-errors", way: { remedy: "roll-back", to: "v1" } });
});

test("rules of one's own come first; changed ones keep their place; skipped ones do not count", () => {
  const rules = withRules({
    checkout: { when: { stream: ["errors"], changed: ["migration"] }, do: "ask" },
    "broad-errors": { do: "investigate" },
    slow: { do: "skip" },
  });
  const policy = { ...defaultPolicy, rules };
  const migrated = dueTo("release", [{ kind: "migration", name: "0042", at: noon, distanceS: 60 }]);
  expect(decide({ ...situation, policy, ...migrated })).toMatchObject({ decision: "ask", rule: "checkout" });
  expect(decide({ ...situation, policy })).toMatchObject({ decision: "investigate", rule: "broad-errors" });
  expect(decide({ ...situation, policy, finding: onStream("latency") }).rule).toBe("matrix-high");
});

test("a change that is too old, or came after the trouble, is not recent", () => {
  const rules = withRules({ fresh: { when: { changed: ["deploy"], withinMs: 5 * minute }, do: "hold" } });
  const policy = { ...defaultPolicy, rules };
  const at = (distanceS: number) =>
    decide({
      ...situation,
      policy,
      ...dueTo("release", [{ kind: "deploy", name: "v2", at: noon, distanceS }]),
    }).rule;
  expect([at(0), at(299), at(301), at(-3), at(-60)]).toEqual([
    "fresh",
    "fresh",
    "broad-errors",
    "fresh",
    "broad-errors",
  ]);
});

test("a rule for a time of day", () => {
  const rules = withRules({ lunch: { when: { between: { from: 11 * 60, to: 13 * 60 } }, do: "hold" } });
  const policy = { ...defaultPolicy, rules };
  expect(decide({ ...situation, policy }).rule).toBe("lunch");
  expect(decide({ ...situation, policy, now: noon + 60 * minute }).rule).toBe("broad-errors");
});

test("where no rule fits, a person is asked", () => {
  const made = decide({ ...situation, ...withPolicy({ rules: [] }) });
  expect(made).toMatchObject({ decision: "ask", rule: "no-rule" });
});

test("every decision names the alternatives and why not, never itself, and what it rests on", () => {
  for (const method of ["auto", "ask", "never"] as const) {
    for (const change of [{}, says("security"), says("corruption"), withFlag, dueTo("external")]) {
      const policy = { ...defaultPolicy, release: method, database: method, flag: method };
      const { decision, alternatives, facts } = decide({ ...situation, ...change, policy });
      expect(alternatives.map((one) => one.decision)).not.toContain(decision);
      expect(alternatives.length).toBeGreaterThanOrEqual(5);
      expect(alternatives.every((one) => one.whyNot.length > 10)).toBe(true);
      expect(facts?.some((fact) => fact.startsWith("Rule "))).toBe(true);
      expect(facts?.some((fact) => fact.startsWith("Policy: "))).toBe(true);
    }
  }
});

test("the same situation gives the same decision", () => {
  expect(decide({ ...situation, ...withFlag })).toEqual(decide({ ...situation, ...withFlag }));
});

test("what was said of a release that serves no more is for a person to judge", () => {
  const late = decide({ ...situation, ...says("down", { saidAt: noon - 2 * minute }) });
  expect(late).toMatchObject({ decision: "ask", rule: "said-of-another-release" });
  const known = decide({ ...situation, ...says("down", { saidAt: noon - minute / 2 }) });
  expect(known).toMatchObject({ decision: "roll-back", rule: "down" });
});
