import { expect, test } from "vitest";
import { chance, clientNames, type Play, play } from "../../../src/core/replay/play.ts";
import { firstAt, type Recorded, record, startRecord } from "../../../src/core/replay/recorded.ts";

/** Ten requests a second from 50 clients, all well unless `status` says otherwise. */
function log(
  count: number,
  status: (i: number) => number = () => 200,
  client = (i: number) => i % 50,
): Recorded {
  const made = startRecord();
  for (let i = 0; i < count; i++) record(made, 1_000_000 + 100 * i, status(i), client(i));
  return made;
}

function played(recorded: Recorded, options: Partial<Play> = {}) {
  return play(recorded, clientNames(recorded.clients), {
    from: 0,
    to: recorded.count,
    deployAtMs: 1_000_000,
    threshold: 0.01,
    watchS: 1800,
    waitForVerdict: true,
    inject: null,
    ...options,
  });
}

const inject = { share: 0.2, fromS: 600, seed: 1 };

test("a healthy log is verified when the watch is over", () => {
  expect(played(log(20_000))).toMatchObject({
    ended: "verified",
    requests: 18_000,
    injected: 0,
    sinceInjection: null,
  });
});

test("a log that ends before says what there is", () => {
  expect(played(log(50))).toMatchObject({
    ended: "log-over",
    finding: { outcome: "undecided" },
    requests: 50,
  });
});

test("an injected regression is found soon after it began, the same each time", () => {
  const once = played(log(20_000), { inject });
  expect(once).toMatchObject({ ended: "rolled-back", finding: { breadth: "broad" } });
  expect(once.atS).toBeGreaterThan(600);
  expect(once.atS).toBeLessThan(620);
  expect(once.sinceInjection).toBe(once.requests - 6_000);
  expect(played(log(20_000), { inject })).toEqual(once);
  expect(played(log(20_000), { inject: { ...inject, seed: 2 } })).not.toEqual(once);
});

test("what the log has itself counts too, from the deploy on and not before", () => {
  const bad = log(20_000, (i) => (i < 5_000 && i % 5 === 0 ? 503 : 200));
  expect(played(bad)).toMatchObject({ ended: "rolled-back" });
  const from = firstAt(bad, 1_500_000);
  expect(from).toBe(5_000);
  expect(played(bad, { from, deployAtMs: 1_500_000 })).toMatchObject({ ended: "log-over" });
});

test("one client that fails is named, and nothing is rolled back", () => {
  const busy = (i: number) => (i % 2 === 0 ? 0 : i % 50);
  const one = log(
    20_000,
    (i) => (i % 2 === 0 && i % 30 < 4 ? 500 : 200),
    (i) => busy(i),
  );
  expect(played(one)).toMatchObject({ ended: "log-over", singleClientAtS: expect.any(Number) });
});

test("the share that is made to fail is the share that was asked for", () => {
  let hits = 0;
  for (let i = 0; i < 100_000; i++) if (chance(3, i) < 0.05) hits += 1;
  expect(Math.abs(hits - 5_000)).toBeLessThan(5 * Math.sqrt(4_750));
});

test("records grow past their first size and keep what they have", () => {
  const long = log(40_000, (i) => 200 + (i % 300));
  expect(long.count).toBe(40_000);
  expect([long.status[0], long.status[39_999], long.client[39_999]]).toEqual([200, 299, 49]);
});
