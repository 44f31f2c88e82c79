import { expect, test } from "vitest";
import {
  drillName,
  keptName,
  quoteName,
  quoteText,
  restoreName,
} from "../../../../src/drivers/database/postgres/names.ts";

const op = "op-0123456789abcdef0";

test("the databases of an op are named by it", () => {
  expect([restoreName("shop", op), keptName("shop", op)]).toEqual([
    `shop_restore_${op}`,
    `shop_before_${op}`,
  ]);
});

test("no name is longer than the server keeps, none is cut inside a letter, and none becomes another's", () => {
  const long = ["a".repeat(63), `${"a".repeat(62)}b`, "ü".repeat(31), "購".repeat(21)];
  const all = long.flatMap((name) => [restoreName(name, op), keptName(name, op), drillName(name, "drill")]);
  for (const name of all) expect([name, Buffer.byteLength(name) <= 63]).toEqual([name, true]);
  expect(all.join("")).not.toContain("\uFFFD");
  expect(new Set(all).size).toBe(all.length);
});

test("names and texts are quoted so that nothing gets out of them", () => {
  expect(quoteName('a"; DROP DATABASE b; --')).toBe('"a""; DROP DATABASE b; --"');
  expect(quoteText("it's")).toBe("'it''s'");
  expect(quoteText("a\\' OR 1")).toBe(" E'a\\\\'' OR 1'");
});
