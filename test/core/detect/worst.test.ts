import { expect, test } from "vitest";
import { goesOn } from "../../../src/core/detect/worst.ts";

test.each([
  ["errors", "errors", true],
  ["payments", "errors", true],
  ["latency", "errors", true],
  ["latency", "latency", true],
  ["silence:order", "latency", true],
  [null, "latency", true],
  ["errors", "latency", false],
  ["payments", "latency", false],
  ["probe", "silence:order", false],
] as const)("left for %s, and now %s: it goes on is %s", (before, now, same) => {
  expect(goesOn(before, now)).toBe(same);
});
