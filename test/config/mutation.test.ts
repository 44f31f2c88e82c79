import fc from "fast-check";
import { expect, test } from "vitest";
import { configExample } from "../../src/config/generate/pages.ts";
import { configField } from "../../src/config/schema.ts";
import type { Field } from "../../src/config/shape.ts";
import { readTree, type Tree } from "../../src/config/yaml-tree.ts";
import { errorsOf, sample } from "./sample.ts";

const example = configExample();

/** Names of the keys that the example shows live: of several kinds the first, and nothing that stands instead of another. */
function liveKeys({ shape }: Field): readonly string[] {
  if (shape.is === "list" || shape.is === "names") return liveKeys(shape.each);
  const [first] = shape.is === "choice" ? shape.options.values() : [];
  if (first) return liveKeys(first);
  if (shape.is !== "map") return [];
  const shown = [...shape.keys].filter(([, field]) => field.instead === null);
  return shown.flatMap(([key, field]) => [key, ...liveKeys(field)]);
}

const known = new Set(liveKeys(configField));

type Key = { readonly name: string; readonly start: number; readonly end: number };

/** Below these keys stand names that users give. */
const givenBelow =
  "environments services env rules flows events with secrets headers json form capture".split(" ");

/** Keys that the schema fixes, with their places; names that users give are left out. */
function keysOf(tree: Tree, given: boolean): readonly Key[] {
  if (tree.is === "list") return tree.items.flatMap((item) => keysOf(item, false));
  if (tree.is === "value") return [];
  return [...tree.entries].flatMap(([name, { key, value }]) => {
    const namesBelow = givenBelow.includes(name) && !given;
    return [...(given ? [] : [{ name, ...key }]), ...keysOf(value, namesBelow)];
  });
}

const { tree } = readTree(example);
const keys = tree ? keysOf(tree, false) : [];
const letter = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

const edit = fc.constantFrom(...keys).chain((key) => {
  const at = fc.nat({ max: key.name.length - 1 });
  const put = (from: number, to: number, by: string) => key.name.slice(0, from) + by + key.name.slice(to);
  const edited = fc.oneof(
    at.map((i) => put(i, i + 1, "")),
    fc.tuple(fc.nat({ max: key.name.length }), letter).map(([i, by]) => put(i, i, by)),
    fc.tuple(at, letter).map(([i, by]) => put(i, i + 1, by)),
    at.map((i) => put(i, i + 2, `${key.name[i + 1] ?? ""}${key.name[i] ?? ""}`)),
  );
  return fc.record({ key: fc.constant(key), edited: edited.filter((name) => name !== key.name) });
});

test("the example has every key that can stand in one config at once, so that each can be misspelt", () => {
  const fixed = [...known].sort();
  expect([...new Set(keys.map(({ name }) => name))].sort()).toEqual(fixed);
});

test("any key of the example with one letter wrong is the one error: its line, its column, the right key", () => {
  fc.assert(
    fc.property(edit, ({ key, edited }) => {
      const errors = errorsOf(example.slice(0, key.start) + edited + example.slice(key.end));
      const before = example.slice(0, key.start).split("\n");
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({
        line: before.length,
        column: (before.at(-1)?.length ?? 0) + 1,
        suggestion: key.name,
        fix: `write \`${key.name}\``,
      });
    }),
    { numRuns: 500 },
  );
}, 120_000);

test("however a config is damaged, the answer is a config or errors that point into the text", () => {
  const piece = fc.constantFrom(
    ...":-[]{}&*!|>'\"%@`#,?\t\n ~$",
    "<<: ",
    "*a",
    "&a ",
    "__proto__: ",
    "x-",
    "null",
    "- ",
    "\ud800",
    "\0",
  );
  const splice = fc.tuple(
    fc.nat({ max: sample.length }),
    fc.nat({ max: 12 }),
    fc.oneof(piece, fc.string({ maxLength: 8 })),
  );
  fc.assert(
    fc.property(fc.array(splice, { minLength: 1, maxLength: 6 }), (splices) => {
      const text = splices.reduce(
        (now, [at, cut, by]) => now.slice(0, at) + by + now.slice(at + cut),
        sample,
      );
      const lines = text.split("\n");
      for (const { line, column, source, caret, width, what, fix } of errorsOf(text)) {
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? Number.NaN) + 1);
        expect(caret).toBeLessThanOrEqual(source.length);
        expect([width > 0, what.length > 0, fix.length > 0]).toEqual([true, true, true]);
      }
    }),
    { numRuns: 500 },
  );
});
