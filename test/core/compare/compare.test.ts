// Would going back help? On made-up traffic whose truth is known.
import { expect, test } from "vitest";
import { compareBack, compareReleases } from "../../../src/core/compare/compare.ts";
import {
  startTally,
  summaryOf,
  tallyReading,
  tallyRequest,
  watchSummary,
} from "../../../src/core/compare/summary.ts";

const day = Date.UTC(2026, 0, 15, 12);
const minute = 60_000;

type Traffic = {
  readonly minutes?: number;
  readonly perMinute?: number;
  readonly failing?: number;
  readonly ms?: (n: number) => number;
  readonly from?: number;
  readonly memory?: number;
};

/** A repeatable stand-in for chance. */
function seen({ minutes = 10, perMinute = 200, failing = 0, ms = spread, from = day, memory }: Traffic) {
  const tally = startTally(from);
  for (let n = 0; n < minutes * perMinute; n++) {
    const ok = failing === 0 || n % Math.round(1 / failing) !== 0;
    tallyRequest(tally, { at: from + (n / perMinute) * minute, ok, ms: ms(n) });
  }
  for (let n = 0; memory !== undefined && n < 20; n++)
    tallyReading(tally, { subject: "memory", unit: "MB", value: memory + (n % 3) });
  return summaryOf(tally);
}

const spread = (n: number) => 20 + (n % 17) * 2;

test.each([
  ["the same", {}, "no"],
  ["errors", { failing: 0.05 }, "yes"],
  ["slower by half", { ms: (n: number) => spread(n) * 1.5 }, "yes"],
  ["slow at the tail only", { ms: (n: number) => (n % 10 === 0 ? 900 : spread(n)) }, "yes"],
  ["a little slower", { ms: (n: number) => spread(n) * 1.05 }, "no"],
  ["too few requests", { minutes: 1, perMinute: 50 }, "cannot tell"],
  ["better", { ms: (n: number) => spread(n) / 2 }, "no"],
])("%s", (_, change, answer) => {
  expect(compareReleases(seen(change), seen({})).answer).toBe(answer);
});

test("the same trouble before is no reason to go back", () => {
  expect(compareReleases(seen({ failing: 0.05 }), seen({ failing: 0.05 })).answer).toBe("no");
});

test("a few errors more among few requests cannot be told", () => {
  const compared = compareReleases(
    seen({ perMinute: 40, failing: 0.02 }),
    seen({ perMinute: 40, failing: 0.01 }),
  );
  expect(compared.answer).toBe("cannot tell");
});

test("only minutes that both were seen for count: a slow start is compared with a slow start", () => {
  const slowStart = (perMinute: number) => (n: number) => (n < perMinute * 2 ? 400 : spread(n));
  const now = seen({ minutes: 2, ms: slowStart(200) });
  const then = seen({ minutes: 30, ms: slowStart(200) });
  expect(compareReleases(now, then)).toMatchObject({ answer: "no", minutes: 2 });
});

test("the figures are in the answer, in words and as numbers", () => {
  const compared = compareReleases(seen({ failing: 0.05 }), seen({}));
  expect(compared.why).toBe("100 of 2,000 requests failed (5.0 %) now, 0 % on the former release.");
  expect(compared.measures.find((one) => one.what === "errors")).toMatchObject({
    now: 5,
    before: 0,
    verdict: "worse",
  });
});

test("far more memory is a reason to doubt, and none to go back; a little more is nothing", () => {
  const compared = compareReleases(seen({ memory: 900 }), seen({ memory: 300 }));
  expect(compared).toMatchObject({
    answer: "cannot tell",
    why: expect.stringMatching(/^memory 901 MB now, 301 MB/),
  });
  expect(compareReleases(seen({ memory: 330 }), seen({ memory: 300 })).answer).toBe("no");
  expect(compared.measures.find((one) => one.what === "memory")).toMatchObject({
    now: 900.95,
    before: 300.95,
    unit: "MB",
  });
});

test("another hour of the day is said", () => {
  expect(compareReleases(seen({ from: day + 9 * 60 * minute }), seen({})).cautions.join()).toContain(
    "9 hours of the day apart",
  );
  expect(compareReleases(seen({ from: day + 24 * 60 * minute }), seen({})).cautions).toEqual([]);
});

test("nothing seen cannot be told", () => {
  expect(compareReleases(null, seen({})).why).toMatch(/nothing was seen/);
  expect(compareReleases(seen({}), null).answer).toBe("cannot tell");
});

test("by chance alone a release is hardly ever called worse", () => {
  let state = 12_345;
  const dice = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  const slow = () => 20 * (1 - dice()) ** -0.5;
  const random = () => {
    const tally = startTally(day);
    for (let n = 0; n < 2_000; n++) tallyRequest(tally, { at: day + n * 300, ok: dice() > 0.02, ms: slow() });
    return summaryOf(tally);
  };
  let yes = 0;
  for (let round = 0; round < 400; round++)
    if (compareReleases(random(), random()).answer === "yes") yes += 1;
  expect(yes).toBeLessThanOrEqual(2);
});

test("a summary is small, survives JSON, and reads slow answers to within a fifth", () => {
  const summary = seen({ minutes: 300, perMinute: 100, ms: (n) => n % 60_000 });
  const text = JSON.stringify(summary);
  expect(text.length).toBeLessThan(16_000);
  expect(watchSummary.parse(JSON.parse(text))).toEqual(summary);
  const p50 = compareReleases(seen({ ms: () => 100 }), seen({ ms: () => 100 })).measures.find(
    (one) => one.what === "latency p50",
  );
  expect(p50?.now).toBeGreaterThanOrEqual(100);
  expect(p50?.now).toBeLessThanOrEqual(120);
});

test("after a way back the newest minutes of what was left are compared, not its first ones", () => {
  // Well for 20 minutes, then 10 % fail for two.
  const tally = startTally(day);
  for (let n = 0; n < 22 * 200; n++) {
    const at = day + (n / 200) * minute;
    tallyRequest(tally, { at, ok: n < 20 * 200 || n % 10 !== 0, ms: 20 });
  }
  const left = summaryOf(tally);
  const again = seen({ minutes: 2, from: day + 22 * minute, ms: () => 20 });
  expect(left.lately?.map(({ bin, requests, errors }) => [bin, requests, errors])).toEqual([
    [17, 200, 0],
    [18, 200, 0],
    [19, 200, 0],
    [20, 200, 20],
    [21, 200, 20],
  ]);
  const { answer, why, minutes } = compareBack(again, left);
  expect([answer, minutes]).toEqual(["yes", 2]);
  expect(why).toBe("40 of 400 requests failed (10 %) before going back, 0 % after it.");
  expect(compareReleases(left, again).answer).toBe("no");
});

test("what was left long before is of another hour, and nothing is said", () => {
  expect(compareBack(seen({ from: day + 60 * minute }), seen({})).answer).toBe("cannot tell");
  expect(compareBack(seen({}), null).answer).toBe("cannot tell");
});
