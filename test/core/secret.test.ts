import { format, inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { secret } from "../../src/core/secret.ts";

test("a secret gives its value only when asked to reveal it", () => {
  expect(secret("hunter2").reveal()).toBe("hunter2");
});

test("however it is printed, a secret reads [secret]", () => {
  const hidden = secret("hunter2");
  expect([
    `${hidden}`,
    String(hidden),
    hidden.toString(),
    `a${hidden}`,
    inspect(hidden),
    format("%s %o", hidden, hidden),
  ]).toEqual(["[secret]", "[secret]", "[secret]", "a[secret]", "[secret]", "[secret] [secret]"]);
  expect(JSON.stringify({ list: [hidden] })).toBe('{"list":["[secret]"]}');
});

test("no way of looking into a secret shows its value", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^zq[a-z0-9]{8,20}$/), (value) => {
      const hidden = secret(value);
      const seen = [
        inspect(hidden, { showHidden: true, depth: 9, customInspect: false, getters: true }),
        inspect({ ...hidden }, { showHidden: true }),
        JSON.stringify({ ...hidden }),
        JSON.stringify(Object.getOwnPropertyDescriptors(hidden)),
        new Error(`${hidden}`).stack ?? "",
        inspect([hidden], { depth: 0 }),
      ];
      expect(seen.filter((text) => text.includes(value))).toEqual([]);
    }),
  );
});

test("a secret cannot be copied to another thread or changed", () => {
  const hidden = secret("hunter2");
  expect(() => structuredClone(hidden)).toThrow();
  expect(Object.isFrozen(hidden)).toBe(true);
});
