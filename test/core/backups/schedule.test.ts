// When a backup is due, by the wall clock.
import { expect, test } from "vitest";
import { dueAt } from "../../../src/core/backups/schedule.ts";

const hour = 3_600_000;
const at = (d: number, h: number, m = 0) => Date.UTC(2026, 6, d, h, m);
const nightly = { everyMs: 24 * hour, atMs: 3.25 * hour };

test("where there was none, it is due at once", () => {
  expect(dueAt(nightly, { last: null, failed: null })).toBe(Number.NEGATIVE_INFINITY);
});

test("without a time of day it counts from the last one", () => {
  expect(dueAt({ everyMs: 6 * hour, atMs: null }, { last: at(1, 5), failed: null })).toBe(at(1, 11));
});

test.each([
  ["an early one is followed the same night", at(1, 1), at(1, 3, 15)],
  ["a punctual one by the next night", at(1, 3, 15), at(2, 3, 15)],
  ["a late one, made up for, does not move the time", at(1, 17), at(2, 3, 15)],
])("%s", (_, last, due) => {
  expect(dueAt(nightly, { last, failed: null })).toBe(due);
});

test("several a day keep to their slots, and longer intervals than a day count from the last one's day", () => {
  expect(dueAt({ everyMs: 6 * hour, atMs: hour }, { last: at(1, 8), failed: null })).toBe(at(1, 13));
  expect(dueAt({ everyMs: 168 * hour, atMs: 2 * hour }, { last: at(1, 2), failed: null })).toBe(at(8, 2));
});

test("a failure is tried again soon, not at once; a success after it forgets it", () => {
  expect(dueAt(nightly, { last: at(1, 3, 15), failed: at(2, 3, 16) })).toBe(at(2, 3, 31));
  expect(dueAt({ everyMs: hour, atMs: null }, { last: null, failed: at(1, 0) })).toBe(at(1, 0, 6));
  expect(dueAt(nightly, { last: at(2, 3, 20), failed: at(2, 3, 16) })).toBe(at(3, 3, 15));
});
