import { expect, test } from "vitest";
import { seeded } from "../../bench/random.ts";

test("the same seed gives the same numbers, another seed others", () => {
  const draw = (seed: number) => {
    const { uniform } = seeded(seed);
    return Array.from({ length: 5 }, uniform);
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

test("a million numbers are uniform as far as their mean, variance, and smallest hundredth show", () => {
  const { uniform } = seeded(7);
  const n = 1_000_000;
  let sum = 0;
  let squares = 0;
  let small = 0;
  for (let i = 0; i < n; i++) {
    const x = uniform();
    sum += x;
    squares += (x - 0.5) ** 2;
    if (x < 0.01) small += 1;
  }
  // Five standard errors each.
  expect(Math.abs(sum / n - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
  expect(Math.abs(squares / n - 1 / 12)).toBeLessThan(5 * Math.sqrt(1 / 180 / n));
  expect(Math.abs(small / n - 0.01)).toBeLessThan(5 * Math.sqrt(0.0099 / n));
});

test("gaps are exponential with mean 1, and whole numbers stay below their limit", () => {
  const random = seeded(3);
  const gaps = Array.from({ length: 100_000 }, random.gap);
  expect(Math.abs(gaps.reduce((a, b) => a + b, 0) / gaps.length - 1)).toBeLessThan(
    5 / Math.sqrt(gaps.length),
  );
  expect(Math.min(...gaps.slice(0, 1000))).toBeGreaterThanOrEqual(0);
  const faces = new Set(Array.from({ length: 1000 }, () => random.below(6)));
  expect([...faces].sort()).toEqual([0, 1, 2, 3, 4, 5]);
});
