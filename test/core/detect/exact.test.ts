// Mean delays without chance: the distribution of failures after n requests, cut off where the evidence suffices.
import { expect, test } from "vitest";
import { waldBound } from "../../../src/core/detect/bound.ts";
import { evidenceFromDeploy, startEProcess } from "../../../src/core/detect/e-process.ts";

const threshold = 0.01;
const alpha = 0.001;
const { deployShare } = startEProcess({ threshold, horizonS: 1800 });

/** Evidence while no time passes: the bets at the deploy, and the prior that is kept for later. */
function evidence(requests: number, errors: number): number {
  return deployShare * evidenceFromDeploy(threshold, requests, errors) + 1 - deployShare;
}

/** Mean requests to the evidence where each fails with probability `p`. */
function meanRequests(p: number): number {
  const chances = new Float64Array(4096);
  chances[0] = 1;
  let [low, high, enough, alive, mean] = [0, 0, 0, 1, 0];
  for (let n = 1; alive > 1e-8; n++) {
    mean += alive;
    high += 1;
    for (let s = high; s > low; s--) chances[s] = (chances[s] ?? 0) * (1 - p) + (chances[s - 1] ?? 0) * p;
    chances[low] = (chances[low] ?? 0) * (1 - p);
    while (enough <= n && evidence(n, enough) < 1 / alpha) enough += 1;
    for (; high >= enough; high--) {
      alive -= chances[high] ?? 0;
      chances[high] = 0;
    }
    for (; low < high && (chances[low] ?? 0) < 1e-12; low++) {
      alive -= chances[low] ?? 0;
      chances[low] = 0;
    }
  }
  return mean;
}

test.each([0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3, 0.4, 0.5])(
  "where %d fail from the deploy on, the mean is at most 1.35 times Wald's bound",
  { timeout: 60_000 },
  (p) => {
    const ratio = meanRequests(p) / waldBound(alpha, p, threshold);
    expect(ratio).toBeLessThanOrEqual(1.345);
    expect(ratio).toBeGreaterThan(1);
  },
);
