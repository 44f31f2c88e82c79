// The headline figures of `npm run bench -- detection`, smaller and with a fixed seed: same code, no clock.
import { expect, test } from "vitest";
import { seeded } from "../../../bench/random.ts";
import { clientNames, requestsToAlarm, watchOnce } from "../../../bench/simulate-deploys.ts";
import { lowerLimit } from "../../../src/core/detect/beta.ts";
import { waldBound } from "../../../src/core/detect/bound.ts";

const watch = { threshold: 0.01, horizonS: 1800, alpha: 0.001 };
const seed = 1;
/** Only so that a busy machine does not fail them: they count runs, not seconds. */
const patience = { timeout: 120_000 };

test(
  "at 5 % failures, 200 releases are found in at most 1.5 times Wald's bound on average, breadth included",
  patience,
  () => {
    const random = seeded(seed);
    const traffic = { rate: 50, clients: clientNames(10_000), failing: 0.05 };
    const delays = Array.from({ length: 200 }, () => requestsToAlarm(random, traffic, watch).toBroad);
    const mean = delays.reduce((a, b) => a + b, 0) / delays.length;
    const bound = waldBound(watch.alpha, 0.05, watch.threshold);
    expect(mean / bound).toBeLessThanOrEqual(1.5);
    // Far below the bound would mean that it alarms without evidence.
    expect(mean / bound).toBeGreaterThan(1);
  },
);

test(
  "a site with a dozen users does not go deaf: 5 % are found in at most three times the bound",
  patience,
  () => {
    const random = seeded(seed);
    const traffic = { rate: 50, clients: clientNames(12), failing: 0.05 };
    const delays = Array.from({ length: 200 }, () => requestsToAlarm(random, traffic, watch).toBroad);
    const mean = delays.reduce((a, b) => a + b, 0) / delays.length;
    expect(mean / waldBound(watch.alpha, 0.05, watch.threshold)).toBeLessThanOrEqual(3);
  },
);

test("of 2,000 releases at exactly 1 % failures at most 0.1 % are rolled back", patience, () => {
  const random = seeded(seed);
  const traffic = { rate: 2, clients: clientNames(200), failing: 0.01 };
  let proven = 0;
  let broad = 0;
  let requests = 0;
  for (let deploy = 0; deploy < 2000; deploy++) {
    const verdict = watchOnce(random, traffic, watch);
    proven += verdict.proven ? 1 : 0;
    broad += verdict.broad ? 1 : 0;
    requests += verdict.requests;
  }
  expect(broad / 2000).toBeLessThanOrEqual(0.001);
  expect(lowerLimit(proven, 2000, 0.001)).toBeLessThanOrEqual(0.001);
  expect(requests).toBeGreaterThan(2000 * 3000);
});

test("bursts of one client roll back none of 300 healthy releases", patience, () => {
  const random = seeded(seed);
  const traffic = { rate: 5, clients: clientNames(200), failing: 0.001 };
  const bursts = { errors: 60, rate: 5, everyS: 600 };
  for (let deploy = 0; deploy < 300; deploy++) {
    expect(watchOnce(random, traffic, watch, bursts)).toMatchObject({ proven: false, broad: false });
  }
});

test(
  "without the mute the same bursts are proven every time, so the mute is what keeps them out",
  patience,
  () => {
    const random = seeded(seed);
    const traffic = { rate: 5, clients: clientNames(200), failing: 0.001 };
    const bursts = { errors: 60, rate: 5, everyS: 600 };
    const verdicts = Array.from({ length: 10 }, () => watchOnce(random, traffic, watch, bursts, 0));
    expect(verdicts.filter(({ proven }) => proven)).toHaveLength(10);
    expect(verdicts.filter(({ broad }) => broad)).toHaveLength(0);
  },
);
