import { expect, test } from "vitest";
import { attribute, type Circumstances } from "../../../src/core/attribute/attribute.ts";
import type { Finding } from "../../../src/core/detect/finding.ts";

const figures = {
  stream: "errors",
  requests: 500,
  errors: 40,
  errorClients: 30,
  evidence: 5000,
  needed: 2000,
  threshold: 0.01,
  why: "40 of 500 requests failed (8.0 %)",
};
const began = 1_700_000_000_000;
const broad: Finding = { outcome: "bad", breadth: "broad", onsetS: 120, ...figures };
const deploy = { kind: "deploy", name: "v2", at: began } as const;
const flag = { kind: "flag", name: "new-search", at: began + 115_000 } as const;
const nothing: Circumstances = {
  since: began,
  findings: [broad],
  changes: [deploy],
  failures: { requests: 500, by: { "5xx /a": 40 } },
  before: { requests: 10_000, by: {} },
  clean: true,
  dependencies: [],
};
const control = (outcome: "bad" | "verified" | "undecided"): Finding => {
  const base = { ...figures, stream: "control", why: "30 of 33 failures are the new release's" };
  if (outcome === "bad") return { outcome, breadth: "broad", onsetS: 0, ...base };
  return outcome === "verified" ? { outcome, ...base } : { outcome, moreRequests: null, ...base };
};

test("trouble after a deploy, with nothing else changed and nothing like it before, is the release's", () => {
  const { cause, changes, facts } = attribute(nothing);
  expect(cause).toBe("release");
  expect(changes).toEqual([{ ...deploy, distanceS: 120 }]);
  expect(facts).toContain(
    "The nearest change is the deploy of v2, 2 min before the trouble began.".replace("2 min", "2 min"),
  );
  expect(facts).toContain("Nothing was in alarm before the change.");
});

test("a flag that was switched just before the onset is nearer than the deploy", () => {
  const { cause, changes } = attribute({ ...nothing, changes: [deploy, flag] });
  expect([cause, changes.map(({ name, distanceS }) => [name, distanceS])]).toEqual([
    "flag",
    [
      ["new-search", 5],
      ["v2", 120],
    ],
  ]);
});

test("a change from clearly after the onset is never the cause, and an estimate may be a little early", () => {
  const late = { ...flag, at: began + 200_000 };
  expect(attribute({ ...nothing, changes: [late, deploy] }).cause).toBe("release");
  expect(attribute({ ...nothing, changes: [late, deploy] }).changes.map(({ name }) => name)).toEqual([
    "v2",
    "new-search",
  ]);
  expect(attribute({ ...nothing, changes: [late] }).cause).toBe("unknown");
  expect(attribute({ ...nothing, changes: [deploy, { ...flag, at: began + 124_000 }] }).cause).toBe("flag");
});

test("side by side with the release before, only what is worse there is to blame", () => {
  expect(attribute({ ...nothing, findings: [broad, control("bad")], changes: [deploy, flag] }).cause).toBe(
    "release",
  );
  expect(attribute({ ...nothing, findings: [broad, control("verified")] }).cause).toBe("external");
  expect(
    attribute({ ...nothing, findings: [broad, control("verified")], changes: [deploy, flag] }).cause,
  ).toBe("flag");
});

test("a dependency whose probe failed just before explains it, but not one that has been down for an hour", () => {
  const down = (s: number) => [{ name: "payments API", failingSince: began + s * 1000 }];
  const external = attribute({ ...nothing, dependencies: down(110) });
  expect(external.cause).toBe("external");
  expect(external.facts.join(" ")).toContain(
    "payments API does not answer its own probe; it stopped 10 s before",
  );
  expect(attribute({ ...nothing, dependencies: down(-3600) }).cause).toBe("release");
  expect(attribute({ ...nothing, dependencies: down(300) }).cause).toBe("release");
  expect(attribute({ ...nothing, dependencies: [{ name: "x", failingSince: null }] }).cause).toBe("release");
});

test("a dependency that is asked seldom may have stopped at any time since it answered last", () => {
  const asked = (answeredS: number, failsS: number) => [
    { name: "redis", failingSince: began + failsS * 1000, answered: began + answeredS * 1000 },
  ];
  const { cause, facts } = attribute({ ...nothing, dependencies: asked(110, 140) });
  expect(cause).toBe("external");
  expect(facts.join(" ")).toContain("redis does not answer its own probe; it stopped when the trouble began");
  expect(attribute({ ...nothing, dependencies: asked(130, 140) }).cause).toBe("release");
});

test("side by side outweighs a dependency that is down: it is down for both", () => {
  const dependencies = [{ name: "payments API", failingSince: began + 119_000 }];
  expect(attribute({ ...nothing, dependencies, findings: [broad, control("bad")] }).cause).toBe("release");
});

test("gateway errors that name an upstream are external", () => {
  const failures = { requests: 500, by: { "gateway /pay pay.example": 30, "5xx /a": 10 } };
  const { cause, facts } = attribute({ ...nothing, failures });
  expect(cause).toBe("external");
  expect(facts).toContain("75 % of the failures are gateway errors that name pay.example.");
});

test("failures that were there before, as often, are not the release's; ten times as often they are", () => {
  const before = { requests: 10_000, by: { "5xx /a": 700 } };
  expect(attribute({ ...nothing, before }).cause).toBe("pre-existing");
  expect(attribute({ ...nothing, before: { requests: 10_000, by: { "5xx /a": 80 } } }).cause).toBe("release");
});

test("an alarm from before the change is never blamed on it", () => {
  expect(attribute({ ...nothing, clean: false }).cause).toBe("pre-existing");
});

test("one client's trouble is one client's", () => {
  const one: Finding = { ...broad, breadth: "single-client" };
  expect(attribute({ ...nothing, findings: [one] }).cause).toBe("single-client");
  expect(attribute({ ...nothing, findings: [one, broad] }).cause).toBe("release");
});

test("what a person changed by hand is named, but no release or flag is blamed for it", () => {
  const env = { kind: "env", name: "SMTP_HOST", at: began + 119_000 } as const;
  const { cause, facts } = attribute({ ...nothing, changes: [deploy, env] });
  expect(cause).toBe("unknown");
  expect(facts).toContain(
    "The nearest change is the change of the environment value SMTP_HOST, 1 s before the trouble began.",
  );
});

test("without an alarm nothing is blamed", () => {
  expect(attribute({ ...nothing, findings: [control("verified")] }).cause).toBe("unknown");
});

test("what is not known is said", () => {
  expect(attribute({ ...nothing, before: null, clean: null }).facts).toContain(
    "What failed before the change is not known.",
  );
});
