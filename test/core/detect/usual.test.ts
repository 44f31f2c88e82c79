import fc from "fast-check";
import { expect, test } from "vitest";
import { expects } from "../../../src/core/detect/expects.ts";
import type { Observation } from "../../../src/core/detect/finding.ts";
import { countObservation, type Hour, hourMs, startTally, summed } from "../../../src/core/detect/hour.ts";
import { failedBefore, usual } from "../../../src/core/detect/usual.ts";
import { checkEvent } from "../../../src/core/event.ts";

const looked = {
  payments: ["/pay"],
  events: [{ name: "order", routes: ["/orders"] }],
};
/** A Monday, 00:00 UTC. */
const monday = Date.UTC(2026, 5, 1) / hourMs;
const halfHourMs = 30 * 60_000;

function hour(at: number, more: Partial<Hour> = {}): Hour {
  return {
    hour: at,
    seconds: 3600,
    requests: 1000,
    errors: 1,
    latency: { p50: 50, p90: 100, p95: 150 },
    payments: { requests: 100, errors: 2 },
    events: { order: 120 },
    failing: { "5xx /a": 1 },
    ...more,
  };
}

const twoWeeks = (more: (at: number) => Partial<Hour> = () => ({})) =>
  Array.from({ length: 336 }, (_, i) => hour(monday + i, more(monday + i)));
const after = (hours: number) => (monday + 336 + hours) * hourMs;

test("without any hour nothing is expected, and of payments only that not most of them fail", () => {
  expect(usual([], looked, after(0), halfHourMs)).toEqual({
    latency: null,
    payments: { routes: ["/pay"], threshold: 0.25 },
    events: [],
  });
  expect(usual([], { payments: [], events: [] }, after(0), halfHourMs).payments).toBeNull();
});

test("payments may fail 1.5 times as often as is shown to be usual", () => {
  const threshold = usual(twoWeeks(), looked, after(0), halfHourMs).payments?.threshold ?? 0;
  expect(threshold).toBeGreaterThan(1.5 * 0.02);
  expect(threshold).toBeLessThan(1.7 * 0.02);
});

test("the hour of the week counts: a busy Saturday evening is expected on Saturday evenings alone", () => {
  const saturday = 5 * 24 + 20;
  const busy = (at: number) => {
    const isBusy = Math.abs(((at - monday) % 168) - saturday) <= 1;
    return isBusy ? { events: { order: 1200 }, latency: { p50: 200, p90: 300, p95: 400 } } : {};
  };
  const hours = twoWeeks(busy);
  const then = usual(hours, looked, after(saturday), halfHourMs);
  const noon = usual(hours, looked, after(saturday - 8), halfHourMs);
  expect(then.latency).toEqual({ p50: 200, p90: 300, p95: 400 });
  expect(noon.latency).toEqual({ p50: 50, p90: 100, p95: 150 });
  expect(then.events[0]?.due[0]?.perS).toBeCloseTo(1200 / 3600, 1);
  expect(then.events[0]?.due[0]?.perS).toBeLessThan(1200 / 3600);
  expect(noon.events[0]?.due[0]?.perS).toBeLessThan(120 / 3600);
});

test("each hour that a watch reaches into has its own rate", () => {
  const due = usual(twoWeeks(), looked, after(0) + 50 * 60_000, halfHourMs).events[0]?.due ?? [];
  expect(due.map(({ fromS }) => fromS)).toEqual([0, 600]);
});

test("while the week is not known, the same hours of the days before count; one hour alone is no habit", () => {
  const days = Array.from({ length: 48 }, (_, i) => hour(monday + i));
  expect(usual(days, looked, (monday + 48) * hourMs, halfHourMs).events).toHaveLength(1);
  expect(usual([hour(monday)], looked, (monday + 1) * hourMs, halfHourMs).events).toEqual([]);
});

test("what happens a few times an hour is no rhythm that could be missed", () => {
  const rare = twoWeeks(() => ({ events: { order: 5 } }));
  expect(usual(rare, looked, after(0), halfHourMs).events).toEqual([]);
});

test("one quiet hour among those like it is enough to expect less", () => {
  const quiet = twoWeeks((at) => (at === monday + 168 ? { events: { order: 0 } } : {}));
  expect(usual(quiet, looked, after(0), halfHourMs).events).toEqual([]);
});

test("how requests failed is known from the last day", () => {
  expect(failedBefore([])).toBeNull();
  expect(failedBefore(twoWeeks())).toEqual({ requests: 24_000, by: { "5xx /a": 24 } });
});

test("an hour of any traffic is a small fact that fits its schema, and what is expected from it fits its own", () => {
  const seen = fc.record({
    route: fc.constantFrom("/pay", "/orders", "/a", "/b"),
    status: fc.constantFrom(200, 402, 404, 500, 502),
    ms: fc.double({ min: 0, max: 100_000, noNaN: true }),
    client: fc.constantFrom("a", "b"),
  });
  fc.assert(
    fc.property(fc.array(seen, { maxLength: 400 }), (all) => {
      const tally = startTally(monday * hourMs, looked);
      for (const one of all) {
        const observation: Observation = { at: 0, release: "r", ok: one.status < 500, ...one };
        countObservation(tally, observation, looked);
      }
      const data = { env: "production", ...summed(tally, (monday + 1) * hourMs) };
      expect(checkEvent("traffic.counted", JSON.parse(JSON.stringify(data))).data).toEqual(data);
      expect(data.requests).toBe(all.length);
      expect(data.payments.requests).toBe(all.filter(({ route }) => route === "/pay").length);
      expect(data.events["order"]).toBe(
        all.filter(({ route, status }) => route === "/orders" && status < 400).length,
      );
      expects.parse(usual([summed(tally, (monday + 1) * hourMs)], looked, after(0), halfHourMs));
    }),
    { numRuns: 50 },
  );
});

test("a flood of different failures stays small", () => {
  const tally = startTally(0, looked);
  for (let i = 0; i < 5_000; i++) {
    const one = { at: 0, release: "r", ok: false, client: "c", route: `/${i}`, status: 500, ms: 1 };
    countObservation(tally, one, looked);
  }
  expect(JSON.stringify(summed(tally, hourMs)).length).toBeLessThan(1_000);
});
