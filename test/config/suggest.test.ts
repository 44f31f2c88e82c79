import { expect, test } from "vitest";
import { z } from "zod";
import { fieldOf } from "../../src/config/shape.ts";
import { guessKey } from "../../src/config/suggest.ts";
import { duration } from "../../src/config/values.ts";

const of = (...keys: readonly string[]) =>
  z.strictObject(Object.fromEntries(keys.map((key) => [key, duration()])));
const root = fieldOf(
  z.strictObject({
    far: z.strictObject({ inner: of("wait") }),
    home: z.strictObject({ here: of("limit"), there: of("wait", "limits") }),
  }),
);
const guess = (key: string, ...taken: readonly string[]) =>
  guessKey(root, ["home", "here"], key, ["limit"], new Set(taken));

test("of several places where a key belongs, the one nearest to where it stands is named", () => {
  expect(guess("wait")).toEqual({
    sibling: null,
    suggestion: "home.there.wait",
    fix: "move it to `home.there`",
  });
});

test("one wrong letter in its place counts for more than the same word elsewhere", () => {
  expect(guess("limits")).toEqual({ sibling: "limit", suggestion: "limit", fix: "write `limit`" });
});

test("of two near keys, the one that is missing is meant", () => {
  const { suggestion } = guessKey(root, [], "kint", ["kind", "hint"], new Set(["kind"]));
  expect(suggestion).toBe("hint");
});
