import fc from "fast-check";
import { expect, test } from "vitest";
import {
  countError,
  countMany,
  countOk,
  type EProcess,
  type EProcessOptions,
  evidence,
  evidenceFromDeploy,
  rateGrid,
  startEProcess,
  tickTo,
} from "../../../src/core/detect/e-process.ts";

type Move = "ok" | "error" | "second";
const moves = fc.array(fc.constantFrom<Move>("ok", "ok", "ok", "error", "second"), { maxLength: 300 });
const thresholds = fc.double({ min: 0.001, max: 0.9, noNaN: true });

function play(options: EProcessOptions, steps: readonly Move[]): EProcess {
  const process = startEProcess(options);
  let seconds = 0;
  for (const step of steps) {
    if (step === "ok") countOk(process);
    else if (step === "error") countError(process);
    else tickTo(process, ++seconds);
  }
  return process;
}

/** The definition, step by step, with nothing put off and nothing clamped. */
function playPlainly(
  threshold: number,
  horizonS: number,
  deployShare: number,
  steps: readonly Move[],
): number {
  const grid = rateGrid(threshold);
  const values = grid.map(() => deployShare);
  const startedLate = (k: number) => {
    const { weight = 0, lateWeight = 0 } = grid[k] ?? {};
    return ((lateWeight / weight) * (1 - deployShare)) / horizonS;
  };
  let unspent = 1 - deployShare;
  let ticks = 0;
  for (const step of steps) {
    for (const [k, { rate: q }] of grid.entries()) {
      if (step === "ok") values[k] = (values[k] ?? 0) * ((1 - q) / (1 - threshold));
      if (step === "error") values[k] = (values[k] ?? 0) * (q / threshold);
      if (step === "second" && ticks < horizonS) values[k] = (values[k] ?? 0) + startedLate(k);
    }
    if (step === "second" && ticks < horizonS) {
      unspent -= (1 - deployShare) / horizonS;
      ticks += 1;
    }
  }
  return values.reduce((sum, value, k) => sum + value * (grid[k]?.weight ?? 0), 0) + unspent;
}

test("at 1 % the alternatives are odds from 1.5 times the allowed ones to 95 %", () => {
  const grid = rateGrid(0.01);
  const rates = [0.0149, 0.0198, 0.0313, 0.0571, 0.1161, 0.3125, 0.95];
  expect(grid).toHaveLength(rates.length);
  for (const [i, q] of rates.entries()) expect(grid[i]?.rate).toBeCloseTo(q, 4);
});

test("for any threshold they lie above it and rise, and their weights add up to 1", () => {
  fc.assert(
    fc.property(thresholds, (p0) => {
      const grid = rateGrid(p0);
      const rates = grid.map(({ rate }) => rate);
      expect(Math.min(...rates)).toBeGreaterThan(p0);
      expect(Math.max(...rates)).toBeLessThan(1);
      expect([...new Set(rates)].sort((a, b) => a - b)).toEqual(rates);
      expect(grid.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12);
      expect(grid.reduce((sum, { lateWeight }) => sum + lateWeight, 0)).toBeCloseTo(1, 12);
    }),
  );
  expect(rateGrid(0.95)).toEqual([]);
});

test("two failures in a row right after the deploy are enough at 1 in 1,000, one is not", () => {
  expect(evidence(play({ threshold: 0.01, horizonS: 1800 }, ["error"]))).toBeLessThan(30);
  expect(evidence(play({ threshold: 0.01, horizonS: 1800 }, ["error", "error"]))).toBeGreaterThan(1000);
  const half = play({ threshold: 0.01, horizonS: 1800, deployShare: 0.5 }, ["error", "error"]);
  expect(evidence(half)).toBeLessThan(1000);
  expect(evidence(half)).toBeCloseTo(0.5 * evidenceFromDeploy(0.01, 2, 2) + 0.5, 6);
  expect(evidenceFromDeploy(0.01, 0, 0)).toBeCloseTo(1, 12);
});

test("several requests at once are the same as one by one", () => {
  fc.assert(
    fc.property(fc.nat({ max: 60 }), fc.nat({ max: 20 }), thresholds, (oks, errors, threshold) => {
      const single = startEProcess({ threshold, horizonS: 60 });
      for (let i = 0; i < oks; i++) countOk(single);
      for (let i = 0; i < errors; i++) countError(single);
      const many = startEProcess({ threshold, horizonS: 60 });
      countMany(many, oks, errors);
      expect(Math.abs(evidence(many) / evidence(single) - 1)).toBeLessThan(1e-9);
    }),
  );
});

test("with all of the prior at the deploy it is the closed form", () => {
  fc.assert(
    fc.property(moves, thresholds, (steps, threshold) => {
      const process = play({ threshold, horizonS: 60, deployShare: 1 }, steps);
      const errors = steps.filter((step) => step === "error").length;
      const requests = steps.filter((step) => step !== "second").length;
      const expected = evidenceFromDeploy(threshold, requests, errors);
      expect(Math.abs(evidence(process) / expected - 1)).toBeLessThan(1e-9);
    }),
  );
});

test("putting successes off to the next flush changes nothing", () => {
  fc.assert(
    fc.property(
      moves,
      thresholds,
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      (steps, threshold, deployShare) => {
        const expected = playPlainly(threshold, 40, deployShare, steps);
        const process = play({ threshold, horizonS: 40, deployShare }, steps);
        expect(Math.abs(evidence(process) / expected - 1)).toBeLessThan(1e-9);
      },
    ),
  );
});

test("reading the evidence in between changes nothing", () => {
  const options = { threshold: 0.01, horizonS: 60 };
  const read = startEProcess(options);
  const unread = startEProcess(options);
  for (let i = 0; i < 500; i++) {
    for (const process of [read, unread]) i % 40 === 0 ? countError(process) : countOk(process);
    expect(evidence(read)).toBeGreaterThan(0);
  }
  expect(read).toEqual(unread);
});

test("under H0 no next request raises the evidence on average, whatever came before", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(moves, thresholds, share, (steps, threshold, part) => {
      const p = threshold * part;
      const now = evidence(play({ threshold, horizonS: 60 }, steps));
      const afterError = evidence(play({ threshold, horizonS: 60 }, [...steps, "error"]));
      const afterOk = evidence(play({ threshold, horizonS: 60 }, [...steps, "ok"]));
      expect(p * afterError + (1 - p) * afterOk).toBeLessThanOrEqual(now * (1 + 1e-9));
    }),
  );
});

test("a clock tick moves prior from unspent to started and leaves the evidence as it is", () => {
  fc.assert(
    fc.property(moves, (steps) => {
      const before = evidence(play({ threshold: 0.01, horizonS: 500 }, steps));
      const after = evidence(play({ threshold: 0.01, horizonS: 500 }, [...steps, "second"]));
      expect(Math.abs(after / before - 1)).toBeLessThan(1e-9);
    }),
  );
});

test("many seconds at once are the same as one by one, and none count after the horizon", () => {
  const one = startEProcess({ threshold: 0.01, horizonS: 30 });
  const many = startEProcess({ threshold: 0.01, horizonS: 30 });
  for (const process of [one, many]) for (let i = 0; i < 50; i++) countOk(process);
  for (let second = 1; second <= 100; second++) tickTo(one, second);
  tickTo(many, 100.7);
  expect(many.ticks).toBe(30);
  expect(evidence(many)).toBeCloseTo(evidence(one), 9);
  tickTo(many, 5);
  expect(many.ticks).toBe(30);
});

test("a success never raises the evidence and a failure never lowers it", () => {
  fc.assert(
    fc.property(moves, thresholds, (steps, threshold) => {
      const now = evidence(play({ threshold, horizonS: 60 }, steps));
      expect(evidence(play({ threshold, horizonS: 60 }, [...steps, "ok"]))).toBeLessThanOrEqual(
        now * (1 + 1e-12),
      );
      expect(evidence(play({ threshold, horizonS: 60 }, [...steps, "error"]))).toBeGreaterThanOrEqual(
        now * (1 - 1e-12),
      );
    }),
  );
});

test("a storm of failures or successes gives neither NaN nor infinity, and is forgotten again", () => {
  const process = startEProcess({ threshold: 0.001, horizonS: 60 });
  for (let i = 0; i < 100_000; i++) countError(process);
  expect(evidence(process)).toBeGreaterThan(1e290);
  expect(Number.isFinite(evidence(process))).toBe(true);
  for (let i = 0; i < 5_000_000; i++) countOk(process);
  tickTo(process, 1);
  expect(evidence(process)).toBeLessThan(1);
  for (const part of process.parts) expect(part.value).toBeGreaterThan(0);
  countError(process);
  expect(Number.isFinite(evidence(process))).toBe(true);
});

test("the closed form stays finite too", () => {
  expect(Number.isFinite(evidenceFromDeploy(0.01, 1e9, 1e9))).toBe(true);
  expect(evidenceFromDeploy(0.01, 1e9, 0)).toBe(0);
});

test("where nothing worse can be told, the evidence stays 1", () => {
  const process = play({ threshold: 0.95, horizonS: 60 }, ["error", "second", "ok", "error"]);
  expect(evidence(process)).toBe(1);
  expect(evidenceFromDeploy(0.97, 10, 10)).toBe(1);
});

test.each([
  [{ threshold: 0, horizonS: 60 }, /threshold/],
  [{ threshold: 1, horizonS: 60 }, /threshold/],
  [{ threshold: 0.01, horizonS: 0.5 }, /horizon/],
  [{ threshold: 0.01, horizonS: 100_000 }, /horizon/],
  [{ threshold: 0.01, horizonS: 60, deployShare: 0 }, /deploy share/],
])("options that make no sense are a bug: %j", (options, message) => {
  expect(() => startEProcess(options)).toThrow(message);
});
