import fc from "fast-check";
import { expect, test } from "vitest";
import {
  countError,
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
  let unspent = 1 - deployShare;
  let ticks = 0;
  for (const step of steps) {
    for (const [k, q] of grid.entries()) {
      if (step === "ok") values[k] = (values[k] ?? 0) * ((1 - q) / (1 - threshold));
      if (step === "error") values[k] = (values[k] ?? 0) * (q / threshold);
      if (step === "second" && ticks < horizonS) values[k] = (values[k] ?? 0) + (1 - deployShare) / horizonS;
    }
    if (step === "second" && ticks < horizonS) {
      unspent -= (1 - deployShare) / horizonS;
      ticks += 1;
    }
  }
  return values.reduce((sum, value) => sum + value / grid.length, 0) + unspent;
}

test("the grid for 1 % is the published one", () => {
  const published = [0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 0.95];
  const grid = rateGrid(0.01);
  expect(grid).toHaveLength(8);
  for (const [i, q] of published.entries()) expect(grid[i]).toBeCloseTo(q, 12);
});

test("the grid for any threshold lies above it, rises, and ends at 95 %", () => {
  fc.assert(
    fc.property(thresholds, (p0) => {
      const grid = rateGrid(p0);
      expect(Math.min(...grid)).toBeGreaterThan(p0);
      expect([...new Set(grid)].sort((a, b) => a - b)).toEqual(grid);
      expect(grid.at(-1)).toBe(0.95);
    }),
  );
  expect(rateGrid(0.95)).toEqual([]);
});

test("two failures in a row give 1508 in the from-deploy form", () => {
  expect(evidenceFromDeploy(0.01, 2, 2)).toBeCloseTo(1508.15625, 6);
  expect(evidenceFromDeploy(0.01, 1, 1)).toBeCloseTo(186.5 / 8, 6);
  expect(evidenceFromDeploy(0.01, 0, 0)).toBeCloseTo(1, 12);
});

test("with half the prior at the deploy it takes three failures, with two thirds it takes two", () => {
  const half = play({ threshold: 0.01, horizonS: 1800, deployShare: 0.5 }, ["error", "error"]);
  expect(evidence(half)).toBeCloseTo(0.5 * 1508.15625 + 0.5, 6);
  const standard = play({ threshold: 0.01, horizonS: 1800 }, ["error", "error"]);
  expect(evidence(standard)).toBeGreaterThanOrEqual(1000);
  expect(evidence(standard)).toBeCloseTo((2 / 3) * 1508.15625 + 1 / 3, 6);
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
