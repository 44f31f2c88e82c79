import { expect, test } from "vitest";
import { logGamma, upperLimit } from "../../../src/core/detect/beta.ts";
import { errorThreshold, hopelessThreshold, leastThreshold } from "../../../src/core/detect/threshold.ts";

test("without a baseline 1 % is allowed", () => {
  expect(errorThreshold(null)).toBe(0.01);
  expect(errorThreshold({ requests: 0, errors: 0 })).toBe(0.01);
});

test("a healthy baseline keeps 1 %", () => {
  expect(errorThreshold({ requests: 10_000, errors: 10 })).toBe(leastThreshold);
  expect(errorThreshold({ requests: 700, errors: 0 })).toBe(leastThreshold);
});

test("a worse baseline raises the threshold to 1.5 times its exact upper limit", () => {
  const threshold = errorThreshold({ requests: 10_000, errors: 200 });
  expect(threshold).toBeCloseTo(1.5 * upperLimit(200, 10_000, 0.01), 12);
  expect(threshold).toBeGreaterThan(0.03);
  expect(threshold).toBeLessThan(0.036);
});

test("a small baseline proves little, which the docstring's figure shows", () => {
  expect(errorThreshold({ requests: 200, errors: 0 })).toBeCloseTo(0.0341, 4);
});

test("a stricter level raises the threshold", () => {
  const baseline = { requests: 1000, errors: 20 };
  expect(errorThreshold(baseline, 0.001)).toBeGreaterThan(errorThreshold(baseline, 0.01));
});

test("a baseline that fails throughout leaves nothing worse to find", () => {
  expect(errorThreshold({ requests: 100, errors: 100 })).toBe(hopelessThreshold);
});

test("the threshold lies below the true rate with at most the chance 0.1 %, whatever the rate", () => {
  for (const requests of [200, 1000, 20_000]) {
    const cumulative = (p: number, most: number) => {
      let sum = 0;
      for (let k = 0; k <= most; k++) {
        const ways = logGamma(requests + 1) - logGamma(k + 1) - logGamma(requests - k + 1);
        sum += Math.exp(ways + k * Math.log(p) + (requests - k) * Math.log1p(-p));
      }
      return sum;
    };
    // Worst for each count: a true rate just above the threshold that this count gives.
    for (let errors = 0; errors < 40; errors++) {
      const rate = 1.5 * upperLimit(errors, requests, 0.01);
      expect(cumulative(rate, errors)).toBeLessThanOrEqual(0.001);
    }
  }
});
