import { expect, test } from "vitest";
import { jointBound, quantileBound, silenceBound } from "../../../bench/detection/bounds.ts";
import { cusumDelay } from "../../../bench/detection/cusum.ts";
import { beyondNormal } from "../../../bench/detection/normal.ts";
import { seeded } from "../../../bench/random.ts";
import { divergence, waldBound } from "../../../src/core/detect/bound.ts";

const alpha = 0.001;

test("of one share the bounds of one and of all together are Wald's", () => {
  const wald = waldBound(alpha, 0.09, 0.05);
  expect(quantileBound(alpha, [[0.05, 0.09]])).toBeCloseTo(wald, 9);
  expect(jointBound(alpha, [[0.05, 0.09]]) / wald).toBeCloseTo(1, 6);
});

test("three shares together tell no less than the best of them, and no more than all that there is", () => {
  const shares = [
    [0.5, 0.6194],
    [0.1, 0.1641],
    [0.05, 0.09],
  ] as const;
  const joint = jointBound(alpha, shares);
  expect(joint).toBeLessThan(quantileBound(alpha, shares));
  // The whole distribution, lognormal with sigma 0.6: a shift of log(1.2) is (log(1.2) / 0.6)^2 / 2 nats a request.
  expect(joint).toBeGreaterThan(Math.log(1 / alpha) / ((Math.log(1.2) / 0.6) ** 2 / 2));
  expect(jointBound(alpha, [...shares].reverse())).toBeCloseTo(joint, 3);
});

test("silence gives one nat for each event that was due", () => {
  expect(silenceBound(alpha)).toBeCloseTo(6.9, 1);
});

test.each([
  [0, 0.5],
  [1.644854, 0.05],
  [-1.281552, 0.9],
])("beyond %d deviations lie %d of a normal distribution", (z, share) => {
  expect(beyondNormal(z)).toBeCloseTo(share, 5);
});

test("CUSUM told the rate takes longer than a test that is told the moment, and less than one that bets on every request", () => {
  const known = { threshold: 0.01, rate: 0.2, healthy: 0.001 };
  const delay = cusumDelay(seeded(1), known, alpha, 90_000, 2_000);
  const nats = divergence(0.2, 0.01);
  expect(delay).toBeGreaterThan(1.5 * waldBound(alpha, 0.2, 0.01));
  // A union over all starts, and the last failure.
  expect(delay).toBeLessThan((Math.log(90_000 / alpha) + Math.log(20)) / nats);
});
