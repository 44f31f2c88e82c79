import { expect, test } from "vitest";
import { armsOf } from "../../../src/core/flags/arms.ts";

test.each([
  ["new-checkout=on", { "new-checkout": "on" }],
  [" new-checkout = on ;search=b, c.d=e:f ", { "new-checkout": "on", search: "b", "c.d": "e:f" }],
  ["=on; b; =; c=d", { c: "d" }],
  ["a=<script>; b=x y", null],
  ["", null],
  ["-", null],
])("%j says %j", (text, arms) => {
  expect(armsOf(text)).toEqual(arms);
});

test("names that objects have anyway are ordinary flags, and there is an end to it", () => {
  expect(Object.keys(armsOf("__proto__=on; constructor=off") ?? {})).toEqual(["__proto__", "constructor"]);
  const many = Array.from({ length: 1_000 }, (_, at) => `f${at}=on`).join(";");
  expect(Object.keys(armsOf(many) ?? {}).length).toBe(32);
});
