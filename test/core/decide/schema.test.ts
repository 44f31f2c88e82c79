// What becomes of the migrations of a release that is left: one row a situation, and that the decision says why.
import { expect, test } from "vitest";
import type { Decision } from "../../../src/core/decide/decide.ts";
import type { SchemaWord } from "../../../src/core/decide/policy.ts";
import { choicesFor, fateOf, runsOn, type SchemaNow, withSchema } from "../../../src/core/decide/schema.ts";
import type { OlderTried } from "../../../src/core/migrations/older.ts";
import type { Way } from "../../../src/core/migrations/way.ts";

const way: Way = {
  name: "2_b",
  tool: "prisma",
  up: "u",
  before: "b",
  after: "a",
  sql: "ALTER TABLE users DROP COLUMN phone;\n",
  losses: [],
  left: [],
  going: [],
  why: null,
  withoutRows: null,
  notAgain: null,
  release: "v2-1",
  at: 0,
};
const phones = [{ name: "users.phone", count: 3, unit: "values" as const }];
const brought = (change: Partial<Way>, takes: SchemaNow["brought"][number]["takes"] = []) => ({
  brought: [{ name: "2_b", way: { ...way, ...change }, takes }],
});
const now: SchemaNow = {
  older: "v1",
  newer: "v2",
  ...brought({}),
  runs: null,
  refused: null,
  unasked: null,
};
const tried: OlderTried = {
  older: "v1-1",
  newer: "v2-1",
  works: "yes",
  why: null,
  migrations: ["2_b"],
  flows: ["smoke", "order"],
  ms: 1,
  at: 0,
};
const runs = (change: Partial<OlderTried>) => ({ runs: runsOn({ ...tried, ...change }, "v1", "v2") });

test.each<readonly [string, SchemaWord, Partial<SchemaNow>, SchemaWord, RegExp]>([
  ["nothing is lost", "undo", {}, "undo", /Nothing shows that v1 runs on the schema of v2/],
  ["rows stay that it added", "undo", brought({ left: phones }), "undo", /loses nothing/],
  ["the database does not answer", "undo", { ...brought({}, null), unasked: "late" }, "undo", /nothing/],
  ["the older one failed on it", "undo", runs({ works: "no", why: "502" }), "undo", /does not run .*: 502/],
  ["the older one was only pinged", "undo", runs({ flows: ["smoke"] }), "undo", /no flow of users/],
  ["the older one was not tried", "undo", runs({ works: "not-tried", why: "no" }), "undo", /Nothing shows/],
  ["the older one runs on it", "undo", runs({}), "keep", /v1 runs on the schema of v2/],
  [
    "the older one runs on it, and it loses",
    "undo",
    { ...brought({ losses: phones }), ...runs({}) },
    "keep",
    /runs/,
  ],
  [
    "values were overwritten",
    "undo",
    brought({ losses: phones }),
    "ask",
    /2_b is reversible, loses 3 values/,
  ],
  ["no way down", "undo", brought({ why: "a type is gone" }), "ask", /2_b is restore only: a type is gone/],
  ["values of now", "undo", brought({}, phones), "ask", /with 2_b would go 3 values \(users.phone\) of now/],
  ["tried without rows", "undo", brought({ withoutRows: "it is large" }), "ask", /what it loses nobody/],
  [
    "never tried",
    "undo",
    { brought: [{ name: "2_b", way: null, takes: null }] },
    "ask",
    /no way down from 2_b/,
  ],
  ["it can't go now", "undo", { refused: "others came after" }, "ask", /And others came after/],
  ["by policy a person", "ask", {}, "ask", /The policy for migrations is "ask"/],
  ["by policy a person, but it runs", "ask", runs({}), "keep", /runs on the schema/],
  ["by policy the code alone", "keep", brought({ losses: phones }), "keep", /is "keep"/],
])("%s, policy %s", (_, word, change, fate, why) => {
  expect(fateOf(word, { ...now, ...change })).toEqual({
    fate,
    names: ["2_b"],
    why: expect.stringMatching(why),
  });
});

const decision: Decision = {
  env: "production",
  watch: "watch-1",
  decision: "roll-back",
  rule: "broad-errors",
  why: "40 of 800 requests failed",
  finding: null,
  alternatives: [],
  way: { remedy: "roll-back", how: "switch", to: "v1" },
};

test("a rollback that would lose something becomes a question, with what a person can say", () => {
  const asked = withSchema(decision, "undo", { ...now, ...brought({}, phones) });
  expect(asked).toMatchObject({ decision: "ask", rule: "migrations", migrations: { fate: "ask" } });
  expect(asked.why).toMatch(/^40 of 800 requests failed\. Nothing shows .* of now\.$/);
  expect(choicesFor(asked)).toMatch(/takes the code back alone, --with-migrations the schema too/);
  expect(asked.alternatives.map((one) => one.decision)).toEqual(["keep-migrations", "undo-migrations"]);
});

test("one that loses nothing stays what it was, and says what happens to the schema and why nothing else", () => {
  const back = withSchema(decision, "undo", now);
  expect(back).toMatchObject({ decision: "roll-back", rule: "broad-errors", why: decision.why });
  expect(back.facts).toEqual([
    "v2 brought the migration 2_b: reversible.",
    "Policy: migrations undo.",
    "Migrations: they go down, between the last request on the newer release and the first on the older one.",
  ]);
  expect(back.alternatives).toEqual([
    { decision: "keep-migrations", whyNot: "Nothing shows that v1 runs on the schema of v2." },
  ]);
});

test("a question stays a question, and proposes both; what is no rollback is left alone", () => {
  const quiet: Decision = { ...decision, decision: "ask", rule: "quiet-hours" };
  const proposed = withSchema(quiet, "undo", now);
  expect(proposed).toMatchObject({ decision: "ask", rule: "quiet-hours", migrations: { fate: "undo" } });
  expect(choicesFor(proposed)).toMatch(/--with-migrations takes both back/);
  const restore: Decision = { ...decision, way: { remedy: "restore", how: "restore", to: "v1" } };
  expect(withSchema(restore, "undo", now)).toBe(restore);
  expect(withSchema(decision, "undo", null)).toBe(decision);
});
