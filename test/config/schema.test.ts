import { expect, test } from "vitest";
import { z } from "zod";
import { durationText, parseDuration, parseShare } from "../../src/config/duration.ts";
import { configField, configSchema } from "../../src/config/schema.ts";
import { fieldOf, fieldsBelow } from "../../src/config/shape.ts";
import { duration, name } from "../../src/config/values.ts";

const undescribed = (schema: z.ZodType) =>
  [...fieldsBelow(fieldOf(schema))]
    .filter(([path, field]) => !["<name>", "[]"].includes(path.at(-1) ?? "") && field.description.length < 10)
    .map(([path]) => path.join("."));

test("every key of the config has a description, a sentence with an end", () => {
  expect(undescribed(configSchema)).toEqual([]);
  const described = [...fieldsBelow(configField)].filter(([, field]) => field.description !== "");
  expect(described.filter(([, field]) => !field.description.endsWith(".")).map(([path]) => path)).toEqual([]);
  expect(described.length).toBeGreaterThan(40);
});

test("a key without a description would be noticed", () => {
  const schema = z.strictObject({
    a: name("a").meta({ description: "What it is." }),
    b: z.strictObject({ c: duration() }),
  });
  expect(undescribed(schema)).toEqual(["b", "b.c"]);
});

test("every value says of what kind it is, and every optional one has a default or may be left out", () => {
  for (const [path, field] of fieldsBelow(configField)) {
    expect(field.title, path.join(".")).not.toBe("value");
    if (field.fallback !== undefined)
      expect(field.schema.safeParse(undefined).success, path.join(".")).toBe(true);
  }
});

test("maps that are not strict and types that nothing explains are bugs, found when the schema is read", () => {
  expect(() => fieldOf(z.object({ a: name("a") }))).toThrow("strict");
  expect(() => fieldOf(z.strictObject({ a: z.date() }))).toThrow("type date");
});

test("durations and percentages are read exactly", () => {
  const durations = { "500ms": 500, "30s": 30_000, "30m": 1_800_000, "1h": 3_600_000, "0s": 0 };
  for (const [text, ms] of Object.entries(durations)) expect(parseDuration(text)).toBe(ms);
  for (const text of ["", "30", "s", "1.5s", "-1s", "1 s", "1S", "1d", "1h30m", "9999999999s"])
    expect(parseDuration(text)).toBeNull();
  expect(parseShare("1%")).toBe(0.01);
  expect(parseShare("0.5%")).toBe(0.005);
  for (const text of ["1", "%", "-1%", "1 %", "1e1%"]) expect(parseShare(text)).toBeNull();
});

test("a duration is written with the largest unit that leaves no rest", () => {
  expect([0, 500, 1_500, 30_000, 90_000, 1_800_000, 7_200_000].map(durationText)).toEqual([
    "0ms",
    "500ms",
    "1500ms",
    "30s",
    "90s",
    "30m",
    "2h",
  ]);
});
