// Our evaluator against flagd's own: the same rule, the same context, the same answer.
import { FlagdCore } from "@openfeature/flagd-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Entry } from "../../packages/flags/src/client/entry.ts";
import type { Context, WireFlag } from "../../packages/flags/src/client/types.ts";
import { compile } from "../../packages/flags/src/rules/compile.ts";
import { murmur3 } from "../../packages/flags/src/rules/murmur.ts";
import { readDefinitions } from "../../src/core/flags/definition.ts";

const variants = { on: "on", off: "off", true: "yes", "1": "one" };
const silent = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};
const nowS = () => Math.floor(Date.now() / 1_000);

/**
 * What flagd says: reason, variant and value, or that it failed. It has two evaluators, which differ where a rule
 * compares a text with a number and the like; where they agree there is one answer, and it must be ours.
 */
function theirs(flag: object, context: object): readonly string[] {
  return [true, false].map((interpreted) => evaluated(flag, context, interpreted));
}

function evaluated(flag: object, context: object, disableDynamicCodeGeneration: boolean): string {
  const core = new FlagdCore(undefined, silent, { disableDynamicCodeGeneration });
  try {
    core.setConfigurations(JSON.stringify({ flags: { flag } }));
  } catch {
    return "error";
  }
  const details = core.resolveStringEvaluation("flag", "code default", context as never, silent);
  return details.errorCode ? "error" : `${details.reason} ${details.variant ?? "none"} ${details.value}`;
}

function ours(flag: object, context: object): string {
  const details = new Entry("flag", flag as WireFlag).details("code default", context as Context, nowS);
  return details.errorCode ? "error" : `${details.reason} ${details.variant ?? "none"} ${details.value}`;
}

/**
 * Each of the two has a mistake of its own with `cat`: one joins null as "null", the other fails over a `cat` of one list
 * in a `cat`. A rule with both fails in both, each for its own reason, and says nothing about ours.
 */
function bothStumble(said: readonly string[], targeting: unknown): boolean {
  return said.every((one) => one === "error") && /"cat".*"cat"/.test(JSON.stringify(targeting));
}

/** A rule with a part that fails whatever the context is a mistake; what becomes of it is told below. */
function canBe(targeting: unknown): boolean {
  if (typeof targeting !== "object" || targeting === null) return true;
  try {
    compile(targeting as never);
    return Object.values(targeting).every(canBe);
  } catch {
    return false;
  }
}

const text = fc.oneof(
  fc.constantFrom("", "a", "ab", "1", "1.2", "v1.2.3", "1.2.3-rc.1", "on", "off", "é", "日本"),
  fc.string({ maxLength: 6 }),
);
const scalar = fc.oneof(text, fc.integer({ min: -5, max: 105 }), fc.boolean(), fc.constant(null));
const path = fc.constantFrom(
  "a",
  "b",
  "c",
  "list",
  "deep.x",
  "deep.none",
  "none",
  "targetingKey",
  "$flagd.flagKey",
  "",
);
const variable = fc.oneof(
  path.map((name) => ({ var: name })),
  fc.tuple(path, scalar).map((args) => ({ var: args })),
);
const aList = fc.oneof(fc.constant({ var: "list" }), fc.array(scalar, { maxLength: 3 }));
const signs = ["==", "===", "!=", "!==", "<", "<=", ">", ">="];

const { rule } = fc.letrec((tie) => {
  const part = tie("rule");
  const parts = (least: number, most: number) => fc.array(part, { minLength: least, maxLength: most });
  const op = (name: string, args: fc.Arbitrary<unknown>) => args.map((given) => ({ [name]: given }));
  const element = fc.constantFrom({ var: "" }, { var: "a" });
  const inner = fc.oneof(scalar, element, tie("inList"));
  return {
    rule: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      scalar,
      variable,
      op("if", parts(1, 5)),
      fc.constantFrom(...signs).chain((name) => op(name, fc.tuple(part, part))),
      op(
        "<",
        fc.tuple(fc.integer({ min: -3, max: 3 }), fc.constant({ var: "c" }), fc.integer({ min: -3, max: 3 })),
      ),
      op("and", parts(1, 3)),
      op("or", parts(1, 3)),
      op(
        "!",
        fc.oneof(
          part.map((one) => [one]),
          variable,
        ),
      ),
      op(
        "!!",
        fc.oneof(
          part.map((one) => [one]),
          variable,
        ),
      ),
      op("in", fc.tuple(part, fc.oneof(part, fc.array(scalar, { maxLength: 3 })))),
      op("cat", parts(1, 3)),
      fc.constantFrom("+", "*", "-", "/", "%").chain((name) => op(name, fc.tuple(part, part))),
      fc
        .constantFrom("+", "-")
        .chain((name) => op(name, fc.tuple(fc.oneof(scalar, fc.constant({ var: "a" }))))),
      fc.constantFrom("min", "max").chain((name) => op(name, parts(1, 3))),
      op("merge", parts(1, 3)),
      op(
        "missing",
        fc.array(
          path.filter((name) => name !== "" && !name.startsWith("$")),
          { maxLength: 3 },
        ),
      ),
      op(
        "missing_some",
        fc.tuple(
          fc.integer({ min: 0, max: 3 }),
          fc.array(fc.constantFrom("a", "b", "none"), { maxLength: 3 }),
        ),
      ),
      op("starts_with", fc.tuple(part, part)),
      op("ends_with", fc.tuple(part, part)),
      op("sem_ver", fc.tuple(part, fc.constantFrom("=", "!=", "<", "<=", ">", ">=", "^", "~"), part)),
      op("substr", fc.tuple(part, fc.integer({ min: -4, max: 4 }))),
      op("substr", fc.tuple(part, fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }))),
      fc
        .constantFrom("map", "filter", "all", "some", "none")
        .chain((name) => op(name, fc.tuple(aList, inner))),
      op("reduce", fc.tuple(aList, tie("folding"), fc.integer({ min: 0, max: 3 }))),
      op("fractional", fc.array(tie("bucket"), { minLength: 1, maxLength: 4 })),
      op("fractional", fc.tuple(part, tie("bucket"), tie("bucket"))),
    ),
    inList: fc.oneof(
      fc.constantFrom(...signs).chain((name) => op(name, fc.tuple(element, scalar))),
      op("in", fc.tuple(element, fc.constant("abc"))),
    ),
    folding: fc.constantFrom(
      { "+": [{ var: "accumulator" }, { var: "current" }] },
      { cat: [{ var: "accumulator" }, { var: "current" }] },
      { if: [{ var: "current" }, { var: "accumulator" }, 7] },
    ),
    bucket: fc.oneof(
      fc.tuple(fc.constantFrom("on", "off", true, null), fc.integer({ min: 0, max: 100 })),
      fc.tuple(part, fc.integer({ min: 0, max: 3 })),
      fc.tuple(fc.constantFrom("on", "off")),
    ),
  };
});

const context = fc.record(
  {
    targetingKey: text,
    a: scalar,
    b: fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })),
    c: fc.integer({ min: -3, max: 3 }),
    list: fc.array(scalar, { maxLength: 4 }),
    deep: fc.record({ x: scalar }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

test("every rule has the same result as with flagd's own core", () => {
  fc.assert(
    fc.property(rule, context, (targeting, given) => {
      fc.pre(
        typeof targeting === "object" && targeting !== null && !Array.isArray(targeting) && canBe(targeting),
      );
      const flag = { state: "ENABLED", defaultVariant: "off", variants, targeting };
      const said = theirs(flag, given);
      fc.pre(!bothStumble(said, targeting));
      expect(said).toContain(ours(flag, given));
    }),
    { numRuns: 6_000 },
  );
}, 120_000);

test("the same person falls into the same bucket, for any share", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.integer({ min: 0, max: 2_147_483_646 }), (who, weight) => {
      const targeting = {
        fractional: [
          ["on", weight],
          ["off", 2_147_483_647 - weight],
        ],
      };
      const flag = { state: "ENABLED", variants, targeting };
      const expected = evaluated(flag, { targetingKey: who }, true);
      expect(ours(flag, { targetingKey: who })).toBe(expected);
    }),
    { numRuns: 2_000 },
  );
}, 60_000);

test("MurmurHash3 gives the published values", () => {
  const vectors = [
    ["", 0],
    ["a", 1009084850],
    ["abc", 3017643002],
    ["Hello, world!", 3224780355],
  ] as const;
  for (const [given, hash] of vectors) expect(murmur3(given)).toBe(hash);
});

test("what our rules do not know, the definitions refuse", () => {
  const odd = [{ var: "constructor.name" }, { length: ["a"] }, { val: "a" }, { log: "a" }, { var: "../a" }];
  for (const targeting of odd) {
    const read = readDefinitions(
      JSON.stringify({ flags: { flag: { state: "ENABLED", variants, targeting } } }),
    );
    expect(read.ok, JSON.stringify(targeting)).toBe(false);
  }
});

test("a rule that fails, for a context or for all, gives the safe value, or else the app's own default", () => {
  const flag = { state: "ENABLED", variants, defaultVariant: "on", targeting: { substr: [{ var: "a" }, 0] } };
  expect(ours(flag, { a: 7 })).toBe("error");
  const safe = new Entry("flag", { ...flag, metadata: { safeValue: "off" } } as WireFlag);
  expect(safe.details("code default", { a: 7 }, nowS)).toMatchObject({ value: "off", errorCode: "GENERAL" });
  const always = { ...flag, targeting: { if: [{ var: "a" }, { "+": ["x", 1] }, "on"] } };
  expect(ours(always, {})).toBe("error");
});
