import fc from "fast-check";
import { expect, test } from "vitest";
import {
  jointEvidence,
  settleJointBet,
  startJointBet,
  tickJointBet,
} from "../../../src/core/detect/joint-bet.ts";

const shares = [0.5, 0.1, 0.05];

test("whatever the three limits have to do with each other, no bet gains on average while no share is exceeded", () => {
  const part = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(part, part, part, (a, b, c) => {
      // Chances to exceed each limit: at most what is allowed, and a higher limit at most as often as a lower one.
      const beyond = [a * 0.5, b * Math.min(0.1, a * 0.5), c * Math.min(0.05, b * Math.min(0.1, a * 0.5))];
      const chances = [1, ...beyond].map((one, i) => one - (beyond[i] ?? 0));
      for (const { logs } of startJointBet(shares, 60).parts) {
        const mean = logs.reduce((sum, log, j) => sum + (chances[j] ?? 0) * Math.exp(log), 0);
        expect(mean).toBeLessThanOrEqual(1 + 1e-12);
      }
    }),
  );
});

test("at exactly what is allowed the mean is 1, so nothing is given away", () => {
  for (const { logs } of startJointBet(shares, 60).parts) {
    const mean = [0.5, 0.4, 0.05, 0.05].reduce((sum, chance, j) => sum + chance * Math.exp(logs[j] ?? 0), 0);
    expect(mean).toBeCloseTo(1, 12);
  }
});

test("the evidence begins at 1, which passing time leaves as it is, and bets begin up to the horizon", () => {
  const bet = startJointBet(shares, 60);
  expect(jointEvidence(bet)).toBeCloseTo(1, 12);
  for (const seconds of [1, 1, 30.5, 20, 60, 1_000]) {
    tickJointBet(bet, seconds);
    expect(jointEvidence(bet)).toBeCloseTo(1, 12);
  }
  expect(bet.ticks).toBe(60);
});

test("slow requests raise it, fast ones lower it, and together they count as one by one", () => {
  const together = startJointBet(shares, 60);
  const single = startJointBet(shares, 60);
  settleJointBet(together, [3, 4, 1, 2]);
  for (const exceeded of [3, 0, 1, 1, 0, 2, 1, 3, 1, 0]) {
    settleJointBet(
      single,
      [0, 1, 2, 3].map((j) => (j === exceeded ? 1 : 0)),
    );
  }
  expect(jointEvidence(together)).toBeCloseTo(jointEvidence(single), 9);
  const before = jointEvidence(together);
  settleJointBet(together, [0, 0, 0, 1]);
  expect(jointEvidence(together)).toBeGreaterThan(before);
  settleJointBet(together, [20, 0, 0, 0]);
  expect(jointEvidence(together)).toBeLessThan(before);
});

test("neither endless slowness nor endless speed leaves the numbers", () => {
  const bet = startJointBet(shares, 60);
  settleJointBet(bet, [0, 0, 0, 1e6]);
  expect(Number.isFinite(jointEvidence(bet))).toBe(true);
  settleJointBet(bet, [1e9, 0, 0, 0]);
  expect(jointEvidence(bet)).toBeGreaterThan(0);
});
