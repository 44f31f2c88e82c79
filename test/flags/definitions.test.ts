// Definitions that are wrong, huge or meant to harm: a clear word each, and never a crash.
import { expect, test } from "vitest";
import { Table } from "../../packages/flags/src/client/table.ts";
import { readDefinitions } from "../../src/core/flags/definition.ts";
import { boolean } from "./bed.ts";

function said(definitions: unknown): string {
  const text = typeof definitions === "string" ? definitions : JSON.stringify(definitions);
  const read = readDefinitions(text);
  return read.ok ? "right" : read.error.map(({ where, what, fix }) => `${where}: ${what}; ${fix}`).join("\n");
}

const withRule = (targeting: unknown, $evaluators?: unknown) => ({
  $evaluators,
  flags: { f: { ...boolean, targeting } },
});

test("what is right is taken, with its references resolved", () => {
  const read = readDefinitions(
    JSON.stringify({
      $schema: "https://flagd.dev/schema/v0/flags.json",
      $evaluators: { pro: { in: ["@example.com", { var: "email" }] } },
      flags: {
        f: { ...boolean, targeting: { if: [{ $ref: "pro" }, "on", "off"] }, metadata: { safeValue: "off" } },
      },
    }),
  );
  const flag = read.ok ? read.value.flags.get("f") : null;
  expect(flag?.targeting).toEqual({ if: [{ in: ["@example.com", { var: "email" }] }, "on", "off"] });
});

test.each([
  ["not JSON", "{", /this is not JSON/],
  ["a list", [], /must hold a map/],
  ["no flags", {}, /there are no flags/],
  ["an unknown key", { flags: {}, flag: {} }, /"flag" is not known here; remove it/],
  [
    "a misspelt state",
    { flags: { f: { ...boolean, state: "ON" } } },
    /flags.f.state: .* write ENABLED or DISABLED/,
  ],
  [
    "an unknown default",
    { flags: { f: { ...boolean, defaultVariant: "yes" } } },
    /no variant "yes"; write one of: on, off/,
  ],
  ["no variants", { flags: { f: { ...boolean, variants: {} } } }, /flags.f.variants: there are no variants/],
  [
    "mixed variants",
    { flags: { f: { ...boolean, variants: { on: true, off: "no" } } } },
    /several kinds: boolean, string/,
  ],
  [
    "a wrong safe value",
    { flags: { f: { ...boolean, metadata: { safeValue: "maybe" } } } },
    /safeValue: no variant has/,
  ],
  ["an unknown operation", withRule({ eval: ["1"] }), /there is no operation "eval"; there are: var/],
  ["two operations", withRule({ if: [true, "on"], and: [true] }), /exactly one operation/],
  [
    "an end in nowhere",
    withRule({ if: [{ var: "x" }, "blue", "off"] }),
    /can end in "blue", which is no variant/,
  ],
  [
    "a bucket of nowhere",
    withRule({
      fractional: [
        ["on", 1],
        ["blue", 1],
      ],
    }),
    /can end in "blue"/,
  ],
  ["a wrong weight", withRule({ fractional: [["on", 1.5]] }), /weight 1.5 is not a whole number/],
  [
    "a wrong comparison of versions",
    withRule({ if: [{ sem_ver: [{ var: "v" }, "~>", "1.0.0"] }, "on"] }),
    /compares no versions/,
  ],
  ["a way to a prototype", withRule({ if: [{ var: "constructor.name" }, "on"] }), /belongs to JavaScript/],
  ["an unknown reference", withRule({ if: [{ $ref: "x" }, "on"] }), /no usable shared rule "x"/],
  [
    "a circle of one",
    withRule({ if: [{ $ref: "a" }, "on"] }, { a: { "!": [{ $ref: "a" }] } }),
    /circle: a → a/,
  ],
  [
    "a circle of two",
    withRule({ $ref: "a" }, { a: { "!": { $ref: "b" } }, b: { "!": { $ref: "a" } } }),
    /circle: a → b → a/,
  ],
])("%s is refused in words", (_, definitions, words) => {
  expect(said(definitions)).toMatch(words);
});

test.each(["__proto__", "constructor", "prototype"])("%s is no name, and reaches no prototype", (name) => {
  const own = `{ "flags": { "${name}": ${JSON.stringify(boolean)} } }`;
  const variant = `{ "flags": { "f": { "state": "ENABLED", "variants": { "${name}": true } } } }`;
  expect(said(own)).toContain(`"${name}" cannot be the name of a flag`);
  expect(said(variant)).toContain(`"${name}" cannot be the name of a variant`);
  expect(({} as Record<string, unknown>)["state"]).toBe(undefined);
});

test("rules that unfold without end, or are nested without end, are refused at once", () => {
  const evaluators: Record<string, unknown> = { r0: { "==": [1, 1] } };
  for (let at = 1; at < 30; at++)
    evaluators[`r${at}`] = { and: [{ $ref: `r${at - 1}` }, { $ref: `r${at - 1}` }] };
  expect(said(withRule({ if: [{ $ref: "r29" }, "on"] }, evaluators))).toMatch(
    /more than 20000 parts|nested deeper/,
  );
  const deep = `${'{"!":['.repeat(5_000)}1${"]}".repeat(5_000)}`;
  expect(said(`{"flags":{"f":{"state":"ENABLED","variants":{"on":true},"targeting":${deep}}}}`)).toMatch(
    /nested deeper/,
  );
});

test("10 MB and 100,000 flags are refused by their number", () => {
  expect(said(" ".repeat(10 * 1024 * 1024))).toBe(
    ": the file has 10485760 bytes; 8388608 are the most; remove flags that nobody reads: lastgood flag doctor names them",
  );
  const tiny = '{"state":"ENABLED","variants":{"a":1}}';
  const many = Array.from({ length: 100_000 }, (_, at) => `"${at}":${tiny}`).join(",");
  expect(said(`{"flags":{${many}}}`)).toBe(
    "flags: there are 100000 flags; 50000 are the most; remove flags that nobody reads",
  );
});

test("a thousand mistakes are not a thousand lines", () => {
  const flags = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${at}`, { state: "?" }]));
  expect(said({ flags }).split("\n")).toHaveLength(20);
});

test("10,000 flags are ready on the client, each with its value", () => {
  const flags = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`f${at}`, boolean as never]));
  const table = new Table();
  table.replace({ epoch: 1, version: 1, flags });
  expect([table.entries.size, table.entries.get("f9999")?.on]).toEqual([10_000, true]);
});
