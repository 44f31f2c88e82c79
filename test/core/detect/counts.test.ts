import fc from "fast-check";
import { expect, test } from "vitest";
import {
  countRequest,
  onset,
  openBuckets,
  since,
  startCounts,
  startsByRate,
} from "../../../src/core/detect/counts.ts";
import { countError, countOk, evidence, startEProcess, tickTo } from "../../../src/core/detect/e-process.ts";

const horizonS = 60;

function play(seconds: readonly { readonly oks: number; readonly errors: number }[]) {
  const process = startEProcess({ threshold: 0.01, horizonS });
  const counts = startCounts();
  for (const [second, { oks, errors }] of seconds.entries()) {
    tickTo(process, second);
    openBuckets(counts, process.ticks);
    for (let i = 0; i < oks + errors; i++) {
      countRequest(counts, process.ticks, i < oks);
      i < oks ? countOk(process) : countError(process);
    }
  }
  return { process, counts };
}

const second = fc.record({ oks: fc.integer({ min: 0, max: 60 }), errors: fc.integer({ min: 0, max: 2 }) });

test("the buckets replay the e-process exactly", () => {
  fc.assert(
    fc.property(fc.array(second, { minLength: 1, maxLength: 100 }), (seconds) => {
      const { process, counts } = play(seconds);
      const started = startsByRate(process, counts)
        .flatMap(({ weight, logs }) => logs.map((log) => weight * Math.exp(log)))
        .reduce((a, b) => a + b, 0);
      const unspent = (1 - process.deployShare) * (1 - process.ticks / horizonS);
      const replayed = started + unspent;
      expect(Math.abs(replayed / evidence(process) - 1)).toBeLessThan(1e-9);
    }),
  );
});

test("there are never more buckets than seconds of the horizon, and one for the deploy", () => {
  const { counts } = play(Array.from({ length: 500 }, () => ({ oks: 1, errors: 0 })));
  expect(counts.requests).toHaveLength(horizonS + 1);
  expect(since(counts, 0)).toEqual({ requests: 500, errors: 0 });
});

test("trouble from the deploy on is dated to the deploy", () => {
  const { process, counts } = play(Array.from({ length: 10 }, () => ({ oks: 18, errors: 2 })));
  expect(onset(process, counts)).toBe(0);
});

test.each([5, 20, 40])("trouble that begins at %d s is dated to within a second", (beginS) => {
  const { process, counts } = play(
    Array.from({ length: beginS + 10 }, (_, s) =>
      s < beginS ? { oks: 50, errors: 0 } : { oks: 45, errors: 5 },
    ),
  );
  expect(Math.abs((onset(process, counts) ?? -9) - beginS)).toBeLessThanOrEqual(1);
});

test("an avalanche of failures does not break the date", () => {
  const { process, counts } = play(
    Array.from({ length: 50 }, (_, s) => (s < 30 ? { oks: 5000, errors: 0 } : { oks: 0, errors: 5000 })),
  );
  expect(onset(process, counts)).toBe(30);
});

test("where nothing worse can be told there is nothing to date", () => {
  const process = startEProcess({ threshold: 0.95, horizonS });
  expect(onset(process, startCounts())).toBeNull();
});
