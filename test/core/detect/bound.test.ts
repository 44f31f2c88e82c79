import { expect, test } from "vitest";
import { divergence, requestsUntil, waldBound } from "../../../src/core/detect/bound.ts";

test.each([
  [0.015, 0.00109, 6311],
  [0.02, 0.00391, 1765],
  [0.05, 0.0413, 167],
  [0.1, 0.144, 47.8],
  [0.2, 0.429, 16.1],
  [0.5, 1.61, 4.3],
  [1, 4.61, 1.5],
])("divergence and bound at %d against 1 %% have the published figures", (p, nats, requests) => {
  expect(divergence(p, 0.01) / nats).toBeCloseTo(1, 2);
  expect(waldBound(0.001, p, 0.01) / requests).toBeCloseTo(1, 1);
});

test("a rate that is certain or impossible gives no NaN", () => {
  expect(divergence(0, 0.01)).toBeCloseTo(-Math.log(0.99), 12);
  expect(divergence(0, 0)).toBe(0);
  expect(divergence(1, 1)).toBe(0);
  expect(divergence(0.5, 0)).toBe(Number.POSITIVE_INFINITY);
});

test("the remaining requests are Wald's bound when the only component is the truth", () => {
  const more = requestsUntil([{ log: 0, rate: 0.05 }], 0.05, 0.01, 1000);
  expect(more).toBe(Math.ceil(waldBound(0.001, 0.05, 0.01)));
});

test("evidence that is there already makes the remaining requests fewer, but never less than one", () => {
  const half = requestsUntil([{ log: Math.log(1000) / 2, rate: 0.05 }], 0.05, 0.01, 1000);
  expect(half).toBe(Math.ceil(waldBound(0.001, 0.05, 0.01) / 2));
  expect(requestsUntil([{ log: 99, rate: 0.05 }], 0.05, 0.01, 1000)).toBe(1);
});

test("a rate at the threshold, or hardly beside it, cannot be told", () => {
  const grid = [1.5, 2, 5].map((x) => ({ log: 0, rate: x * 0.01 }));
  expect(requestsUntil(grid, 0.01, 0.01, 1000)).toBeNull();
  expect(requestsUntil([{ log: 0, rate: 0.010001 }], 0.010001, 0.01, 1000)).toBeNull();
  expect(requestsUntil([], 0.5, 0.01, 1000)).toBeNull();
});
