// The decision table: one row a situation that people have lived through.
import { expect, test } from "vitest";
import { decide, type Situation } from "../../../src/core/decide/decide.ts";
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
const situation: Situation = {
  env: "production",
  watch: "watch-1",
  finding: broad,
  after: "deploy",
  release: "v2",
  lastGood: "v1",
  policy: { release: "auto" },
};

test.each<[string, Partial<Situation>, string, string]>([
  ["broad errors after a deploy", {}, "roll-back", "broad-errors"],
  ["nobody answers after a deploy", { finding: { ...broad, breadth: "down" } }, "roll-back", "down"],
  [
    "one client's errors",
    { finding: { ...broad, breadth: "single-client" } },
    "investigate",
    "single-client",
  ],
  [
    "one client's errors, whatever the policy",
    { finding: { ...broad, breadth: "single-client" }, policy: { release: "never" } },
    "investigate",
    "single-client",
  ],
  ["no earlier good release", { lastGood: null }, "ask", "nothing-to-go-back-to"],
  ["a policy that asks", { policy: { release: "ask" } }, "ask", "policy-ask"],
  ["a policy that forbids", { policy: { release: "never" } }, "hold", "policy-never"],
  ["errors after a rollback", { after: "rollback" }, "ask", "rollback-did-not-help"],
  ["errors after a revival", { after: "revive" }, "ask", "rollback-did-not-help"],
  ["a silent source", { finding: { outcome: "blind", ...figures } }, "ask", "blind"],
  ["a verified release", { finding: { outcome: "verified", ...figures } }, "hold", "not-bad"],
  [
    "too few requests",
    { finding: { outcome: "undecided", moreRequests: 100, ...figures } },
    "hold",
    "not-bad",
  ],
])("%s", (_, change, decision, rule) => {
  expect(decide({ ...situation, ...change })).toMatchObject({ decision, rule });
});

test("every decision names the alternatives and why not, and never itself among them", () => {
  for (const policy of ["auto", "ask", "never"] as const) {
    const { decision, alternatives } = decide({ ...situation, policy: { release: policy } });
    expect(alternatives.map((one) => one.decision)).not.toContain(decision);
    expect(alternatives.every((one) => one.whyNot.length > 10)).toBe(true);
  }
});
