import { expect, test } from "vitest";
import {
  about,
  began,
  duration,
  failed,
  healthyChance,
  limit,
  percent,
} from "../../../src/core/detect/why.ts";

test.each([
  [0, "0 %"],
  [0.000594, "0.059 %"],
  [0.002, "0.2 %"],
  [0.0504, "5.0 %"],
  [0.125, "12.5 %"],
  [0.5, "50 %"],
  [0.9996, "99.9 %"],
  [1, "100 %"],
])("the share %d reads %s", (share, text) => {
  expect(percent(share)).toBe(text);
});

test("thresholds carry no needless digits", () => {
  expect(limit(0.01)).toBe("1 %");
  expect(limit(0.0138)).toBe("1.38 %");
});

test.each([
  [0.4, "0 s"],
  [43, "43 s"],
  [119.6, "2 min"],
  [602, "10 min 2 s"],
])("%d seconds read %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test("failures are told with their figures", () => {
  expect(failed(41, 812, "request")).toBe("41 of 812 requests failed (5.0 %)");
  expect(failed(1, 1, "health probe")).toBe("1 of 1 health probe failed (100 %)");
});

test("rough numbers keep two digits", () => {
  expect(about(1234)).toBe("about 1,200");
  expect(about(9)).toBe("about 9");
});

test("the beginning and the odds are told in words", () => {
  expect(began(null)).toBe("from the deploy on");
  expect(began(0)).toBe("from the deploy on");
  expect(began(43)).toBe("since about 43 s after the deploy");
  expect(healthyChance(2000)).toBe(
    "the chance that a healthy release ever looks like this is below 1 in 2,000",
  );
});
