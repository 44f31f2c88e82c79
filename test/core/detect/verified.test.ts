import fc from "fast-check";
import { expect, test } from "vitest";
import { divergence } from "../../../src/core/detect/bound.ts";
import { evidenceOfHealth, requestsToVerify, verifyBeta } from "../../../src/core/detect/verified.ts";

const counts = fc
  .integer({ min: 0, max: 20_000 })
  .chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 0, max: Math.min(n, 200) })));
const thresholds = fc.double({ min: 0.001, max: 0.9, noNaN: true });

function leastFlawless(threshold: number): number {
  let requests = 0;
  while (evidenceOfHealth(threshold, requests, 0) < 1 / verifyBeta) requests += 1;
  return requests;
}

test("the bound for 0.1 % against 1 % at 1 % is the published 683 requests", () => {
  expect(Math.log(1 / 0.01) / divergence(0.001, 0.01)).toBeCloseTo(683.5, 0);
});

test("evidence starts at 1", () => {
  fc.assert(
    fc.property(thresholds, (p0) => {
      expect(evidenceOfHealth(p0, 0, 0)).toBeCloseTo(1, 12);
    }),
  );
});

test("a release at 0.1 % is verified within 1.5 times the bound", () => {
  // One failure in each thousand, the first at 500.
  let requests = 0;
  while (evidenceOfHealth(0.01, requests, Math.round(requests / 1000)) < 1 / verifyBeta) requests += 1;
  expect(requests).toBeLessThan(1.5 * 683);
});

test("under H0 no next request raises the evidence of health on average, whatever came before", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(counts, thresholds, share, ([n, s], p0, part) => {
      const p = p0 + (1 - p0) * part;
      const next = p * evidenceOfHealth(p0, n + 1, s + 1) + (1 - p) * evidenceOfHealth(p0, n + 1, s);
      expect(next).toBeLessThanOrEqual(evidenceOfHealth(p0, n, s) * (1 + 1e-9));
    }),
  );
});

test("evidence of health is finite at any counts", () => {
  for (const [n, s] of [
    [1e12, 0],
    [1e12, 1e12],
    [1e12, 1e6],
  ] as const) {
    expect(Number.isFinite(evidenceOfHealth(0.01, n, s))).toBe(true);
  }
});

test("from nothing, the number named is what a flawless release takes, to a few requests", () => {
  for (const threshold of [0.01, 0.03, 0.5]) {
    const named = requestsToVerify(threshold, 0, 0, verifyBeta) ?? 0;
    expect(named).toBeGreaterThanOrEqual(leastFlawless(threshold));
    expect(named - leastFlawless(threshold)).toBeLessThan(0.2 * named);
  }
});

test("after as many more requests as were named, at the same rate, the release is verified", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 2000, max: 5000 }), (errors, requests) => {
      const more = requestsToVerify(0.01, requests, errors, verifyBeta) ?? 0;
      const later = evidenceOfHealth(0.01, requests + more, errors + (errors / requests) * more);
      expect(later).toBeGreaterThanOrEqual((1 / verifyBeta) * (1 - 1e-9));
    }),
  );
});

test("a rate at or above the threshold cannot be verified by waiting", () => {
  expect(requestsToVerify(0.01, 1000, 10, verifyBeta)).toBeNull();
  expect(requestsToVerify(0.01, 1000, 30, verifyBeta)).toBeNull();
});
