import { expect, test } from "vitest";
import type { Reading } from "../../../../src/core/signals/event.ts";
import {
  type Crossings,
  cross,
  valueText,
  within,
} from "../../../../src/drivers/signals/metrics/crossing.ts";
import { perMinute } from "../../../../src/drivers/signals/metrics/rate.ts";

function reading(value: number, at = 1): Reading {
  const limit = { above: 0.9 };
  return { at, subject: "redis memory", value, unit: "share", limit, ok: within(value, limit) };
}

function play(values: readonly number[]) {
  let state: Crossings = {};
  return values.map((value, i) => {
    const { events, after } = cross(state, [reading(value, i)]);
    state = after;
    return events.map(({ over }) => (over ? "over" : "begins")).join();
  });
}

test("three looks in a row begin a trouble, and three end it; between them nothing is said", () => {
  expect(play([0.95, 0.95, 0.95, 0.99, 0.5, 0.5, 0.5, 0.5])).toEqual([
    "",
    "",
    "begins",
    "",
    "",
    "",
    "over",
    "",
  ]);
});

test("a value that comes and goes is no trouble", () => {
  expect(play([0.95, 0.95, 0.5, 0.95, 0.95, 0.5]).join("")).toBe("");
});

test("an event says the value and its limit, in words for people", () => {
  const before = { "redis memory": { beyond: false, against: 2 } };
  expect(cross(before, [reading(0.953)]).events).toEqual([
    { at: 1, kind: "limit", subject: "redis memory", what: "redis memory: 95.3 %, more than 90 %" },
  ]);
  expect([valueText(12_345.678, ""), valueText(2.5, "s")]).toEqual(["12350", "2.5 s"]);
});

test("what is well takes no room in a position", () => {
  expect(cross({ "redis memory": { beyond: false, against: 1 } }, [reading(0.1)]).after).toEqual({});
});

test("a counter is told as so many a minute; one that was begun anew is no step back", () => {
  const rate = perMinute();
  expect(rate(10, 0)).toBeNull();
  expect(rate(12, 30_000)).toBe(2);
  expect(rate(16, 60_000)).toBe(6);
  expect(rate(16, 120_000)).toBe(0);
  expect(rate(1, 130_000)).toBeNull();
  expect(rate(3, 140_000)).toBe(2);
});
