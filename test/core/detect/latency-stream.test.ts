import { expect, test } from "vitest";
import { jointBound } from "../../../bench/detection/bounds.ts";
import { type Random, seeded } from "../../../bench/random.ts";
import { lowerLimit } from "../../../src/core/detect/beta.ts";
import { finding } from "../../../src/core/detect/finding.ts";
import { countTime, startHistogram, upperQuantiles } from "../../../src/core/detect/histogram.ts";
import {
  concludeLatency,
  type LatencyStream,
  observeLatency,
  type Quantiles,
  startLatencyStream,
} from "../../../src/core/detect/latency-stream.ts";

/** Quantiles of a lognormal distribution with median 100 ms and sigma 0.6. */
const sigma = 0.6;
const before: Quantiles = {
  p50: 100,
  p90: 100 * Math.exp(1.281552 * sigma),
  p95: 100 * Math.exp(1.644854 * sigma),
};
const options = { before, horizonS: 1800, alpha: 0.00015 };
const patience = { timeout: 120_000 };
const rate = 50;

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** From the end of the warm-up on, each `slower` times as slow; requests until the alarm, or all of them. */
function watch(
  random: Random,
  slower: number,
  requests: number,
  more: Partial<typeof options> = {},
): LatencyStream {
  const stream = startLatencyStream({ ...options, ...more });
  for (let i = 0; i < requests && !stream.alarm; i++) {
    const ms = slower * 100 * Math.exp(sigma * normal(random));
    observeLatency(stream, { atS: 10 + i / rate, ms, client: `c-${i % 40}` });
  }
  return stream;
}

function say(stream: LatencyStream, blind: string | null = null) {
  return finding.parse(concludeLatency(stream, { blind }));
}

test(
  "answers that take 1.5 times as long are noticed within 1.5 times the bound of tests of all three shares together",
  patience,
  () => {
    const random = seeded(1);
    const runs = Array.from({ length: 200 }, () => watch(random, 1.5, 20_000).requests);
    const mean = runs.reduce((a, b) => a + b, 0) / runs.length;
    // Beyond 1.25 times a quantile z lies P(Z > z - log(1.5/1.25)/0.6) of what is 1.5 times as slow.
    const bound = jointBound(options.alpha, [
      [0.5, 0.6194],
      [0.1, 0.1641],
      [0.05, 0.09],
    ]);
    expect(mean / bound).toBeLessThanOrEqual(1.5);
    expect(mean / bound).toBeGreaterThan(1);
    // The 95th percentile alone at 1 in 1,000, as it is mostly done, needs 503 at least.
    expect(mean).toBeLessThan(503);
  },
);

test(
  "a release that is exactly as slow as is still allowed is blamed in at most 1 of 1,000 watches",
  patience,
  () => {
    const random = seeded(2);
    const false_ = Array.from(
      { length: 1_500 },
      () => watch(random, 1.25, 3_000, { alpha: 0.01 }).alarm,
    ).filter(Boolean);
    expect(lowerLimit(false_.length, 1_500, 0.001)).toBeLessThanOrEqual(0.01);
  },
);

test("slower is bad for all, with figures in words, and stays proven", () => {
  const stream = watch(seeded(3), 2, 5_000);
  const found = say(stream);
  expect(found).toMatchObject({
    outcome: "bad",
    breadth: "broad",
    stream: "latency",
    needed: 1 / options.alpha,
  });
  expect(found.why).toMatch(
    /^\d\d(\.\d)? % of [\d,]+ requests took longer than \d+ ms, which is allowed to (half|a tenth|a twentieth) of them/,
  );
  for (let i = 0; i < 20_000; i++) observeLatency(stream, { atS: 200 + i / 50, ms: 50, client: "x" });
  expect(say(stream).outcome).toBe("bad");
});

test("as fast as before is verified, and before that it is said how many more it takes", () => {
  const random = seeded(4);
  expect(say(startLatencyStream(options)).why).toMatch(/^no answer was timed yet/);
  const few = say(watch(random, 1, 160));
  expect(few.outcome).toBe("undecided");
  expect(few.why).toMatch(/about [\d,]+ more are needed to tell$/);
  expect(say(watch(random, 1, 2_000)).outcome).toBe("verified");
  expect(say(watch(random, 1, 64), "the log is silent").outcome).toBe("blind");
});

test("cold caches do not count: nothing of the first ten seconds does", () => {
  const stream = startLatencyStream(options);
  for (let i = 0; i < 400; i++) observeLatency(stream, { atS: i / 41, ms: 5_000, client: `c-${i}` });
  expect(stream.requests).toBe(0);
});

test("two slow clients are not everybody", () => {
  const stream = startLatencyStream(options);
  for (let i = 0; i < 2_000; i++)
    observeLatency(stream, { atS: 10 + i / 50, ms: 5_000, client: `c-${i % 2}` });
  expect(stream.alarm).toBeNull();
});

test("quantiles are estimated from above, and by little", () => {
  const random = seeded(5);
  for (let run = 0; run < 20; run++) {
    const histogram = startHistogram();
    for (let i = 0; i < 5_000; i++) countTime(histogram, 100 * Math.exp(sigma * normal(random)));
    const found = upperQuantiles(histogram);
    for (const quantile of ["p50", "p90", "p95"] as const) {
      const ratio = (found?.[quantile] ?? 0) / before[quantile];
      expect(ratio).toBeGreaterThanOrEqual(1);
      expect(ratio).toBeLessThan(1.12);
    }
  }
});

test("of a few answers no quantile is told, and odd times break nothing", () => {
  const histogram = startHistogram();
  for (const ms of [0, -5, 0.01, 1e9]) countTime(histogram, ms);
  expect(upperQuantiles(histogram)).toBeNull();
  for (let i = 0; i < 300; i++) countTime(histogram, 0);
  expect(upperQuantiles(histogram)?.p50).toBeCloseTo(0.1, 6);
});
