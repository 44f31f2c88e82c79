import fc from "fast-check";
import { expect, test } from "vitest";
import { editDistance, nearest } from "../../src/config/nearest.ts";

const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });

test.each([
  ["", "", 0],
  ["drain", "drain", 0],
  ["drian", "drain", 1],
  ["drai", "drain", 1],
  ["draain", "drain", 1],
  ["drayn", "drain", 1],
  ["kitten", "sitting", 3],
  ["ca", "abc", 3],
])("from %j to %j it is %i edits", (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
});

test("it is the same both ways, zero only for equal words, and bounded by the lengths", () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      const edits = editDistance(a, b);
      expect(editDistance(b, a)).toBe(edits);
      expect(edits === 0).toBe(a === b);
      expect(edits).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(edits).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});

test("it agrees with the recursive definition", () => {
  const slow = (a: string, b: string): number => {
    if (a === "" || b === "") return a.length + b.length;
    const [a1, b1] = [a.slice(0, -1), b.slice(0, -1)];
    const same = a.at(-1) === b.at(-1) ? 0 : 1;
    const swap = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
    const swapped = swap ? slow(a.slice(0, -2), b.slice(0, -2)) + 1 : Number.POSITIVE_INFINITY;
    return Math.min(slow(a1, b) + 1, slow(a, b1) + 1, slow(a1, b1) + same, swapped);
  };
  const short = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 });
  fc.assert(fc.property(short, short, (a, b) => editDistance(a, b) === slow(a, b)));
});

test("words of any length are answered, long ones without comparing", () => {
  expect(nearest("k".repeat(100_000), ["kind"])).toBeNull();
});

test("the nearest word is named, and none where none is near", () => {
  expect(nearest("enviroments", ["app", "environments", "state"])).toBe("environments");
  expect(nearest("stop_grace", ["stopGrace", "source"])).toBe("stopGrace");
  expect(nearest("fro", ["for", "check"])).toBe("for");
  expect(nearest("port", ["app", "state"])).toBeNull();
});
