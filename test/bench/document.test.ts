import { expect, test } from "vitest";
import { machine, meets, quantile, single, stats } from "../../bench/document.ts";

test("median and p99 are samples by the nearest rank", () => {
  const samples = Array.from({ length: 200 }, (_, i) => 200 - i);
  expect(quantile(samples, 0.5)).toBe(100);
  expect(quantile(samples, 0.99)).toBe(198);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});

test("the figures of samples include the mean and its interval", () => {
  const { ci95, ...rest } = stats([1, 2, 3, 4, 5]);
  expect(rest).toEqual({ median: 3, p99: 5, min: 1, max: 5, n: 5, mean: 3 });
  expect(ci95?.[0]).toBeCloseTo(3 - 1.96 * Math.sqrt(2.5 / 5), 9);
  expect(ci95?.[1]).toBeCloseTo(3 + 1.96 * Math.sqrt(2.5 / 5), 9);
});

test("one sample has figures without NaN", () => {
  expect(stats([4])).toEqual({ median: 4, p99: 4, min: 4, max: 4, n: 1, mean: 4, ci95: [4, 4] });
});

test("a single figure keeps the number of runs behind it", () => {
  expect(single(0.1, 50, [0, 0.2])).toEqual({
    median: 0.1,
    p99: 0.1,
    min: 0.1,
    max: 0.1,
    n: 50,
    ci95: [0, 0.2],
  });
});

test.each([
  ["<= 1.5", 1.5, true],
  ["<= 1.5", 1.51, false],
  [">= 10", 9, false],
  ["< 1e-3", 0.0009, true],
  ["> 2", 3, true],
])("the target %s for %d is met: %s", (target, value, met) => {
  expect(meets(target, value)).toBe(met);
});

test("a target that cannot be read is a mistake", () => {
  expect(() => meets("about 2", 2)).toThrow(/cannot be read/);
});

test("the machine is described", () => {
  expect(machine()).toMatchObject({ node: process.version, cores: expect.any(Number) });
});
