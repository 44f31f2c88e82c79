// Rounds outside of watches: how long they are, and what they may cost.
import { expect, test } from "vitest";
import { type Hour, hourMs } from "../../../src/core/detect/hour.ts";
import { usualRound } from "../../../src/core/detect/usual.ts";
import { foldVigil, goingOn, isTrouble, nextRound, type VigilState } from "../../../src/core/detect/vigil.ts";

const midnight = Date.UTC(2026, 0, 15);
const nothing = { latency: null, payments: null, events: [] };

function began(former: VigilState | null, at: number, going: string[] = []): VigilState {
  const { forMs, alpha } = nextRound(former, at, false);
  const data = {
    env: "e",
    vigil: `v${at}`,
    release: "r1",
    forMs,
    alpha,
    threshold: 0.01,
    expects: nothing,
    going,
  };
  return foldVigil(former, { type: "vigil.began", at, data }) as VigilState;
}

test("six rounds a day and a reserve share one in a hundred, and end with their part of the day", () => {
  let state: VigilState | null = null;
  for (let round = 0; round < 6; round++) {
    state = began(state, midnight + round * 4 * hourMs);
    expect(state.alpha).toBeCloseTo(0.01 / 7, 12);
    expect(state.forMs).toBe(4 * hourMs);
  }
  expect(state?.spent.alpha).toBeCloseTo(0.06 / 7, 12);
  const late = nextRound(state, midnight + 23 * hourMs, false);
  expect(late.forMs).toBe(hourMs);
  expect(late.alpha).toBeCloseTo(0.01 / 14, 12);
  expect(nextRound(state, midnight + 24 * hourMs, false).alpha).toBeCloseTo(0.01 / 7, 12);
});

test("while trouble goes on rounds take an hour, and a quarter of the price", () => {
  expect(nextRound(null, midnight, true)).toEqual({ forMs: hourMs, alpha: 0.01 / 7 / 4 });
});

test("however often rounds begin anew, a day takes no more than its part", () => {
  let state: VigilState | null = null;
  for (let minute = 0; minute < 24 * 60; minute += 7) state = began(state, midnight + minute * 60_000);
  expect(state?.spent.alpha).toBeLessThanOrEqual(0.01 + 1e-12);
  expect(state?.spent.alpha).toBeGreaterThan(0.0099);
});

test("trouble that was told of goes on into the next round of the same release, and spoils the hour", () => {
  const first = began(null, midnight);
  expect(isTrouble(first)).toBe(false);
  const found = foldVigil(first, {
    type: "vigil.found",
    at: midnight + 1,
    data: { env: "e", vigil: first.vigil, finding: { stream: "errors" } as never },
  });
  expect(isTrouble(found)).toBe(true);
  const ended = foldVigil(found, {
    type: "vigil.ended",
    at: midnight + 2,
    data: { env: "e", vigil: first.vigil, bad: ["errors", "latency"] },
  });
  expect(isTrouble(ended)).toBe(false);
  expect(goingOn(ended, "r1", midnight + 4 * hourMs)).toEqual(["errors", "latency"]);
  expect(goingOn(ended, "r2", midnight + 4 * hourMs)).toEqual([]);
  expect(goingOn(ended, "r1", midnight + 6 * hourMs)).toEqual([]);
  // What is only slower is the usual from its next round on.
  expect(isTrouble(began(ended, midnight + 5, ["latency"]))).toBe(false);
  expect(isTrouble(began(ended, midnight + 5, ["errors"]))).toBe(true);
});

const quiet = { payments: { requests: 0, errors: 0 }, events: {}, failing: {} };
const hour = (at: number, requests: number, errors: number, p95: number): Hour => ({
  ...quiet,
  hour: at,
  seconds: 3_600,
  requests,
  errors,
  latency: { p50: p95 / 4, p90: p95 / 2, p95 },
});

test("a round is measured by the slowest and the worst that is usual in its hours, and not by those of other hours", () => {
  const noon = midnight / hourMs + 12;
  const hours = Array.from({ length: 48 }, (_, i) => {
    const at = noon - 48 + i;
    const ofDay = ((at % 24) + 24) % 24;
    // At 3 in the night all is slow, and 4 % fails; at 14 it is slower than usual.
    if (ofDay === 3) return hour(at, 1_000, 40, 2_000);
    return hour(at, 10_000, 20, ofDay === 14 ? 300 : 100);
  });
  const looked = { payments: [], events: [] };
  const day = usualRound(hours, looked, noon * hourMs, 4 * hourMs);
  expect(day.expects.latency).toEqual({ p50: 75, p90: 150, p95: 300 });
  expect(day.threshold).toBe(0.01);
  const night = usualRound(hours, looked, (noon + 12) * hourMs, 4 * hourMs);
  expect(night.expects.latency?.p95).toBe(2_000);
  expect(night.threshold).toBeCloseTo(0.06, 10);
});
