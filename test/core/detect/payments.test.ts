import { expect, test } from "vitest";
import { seeded } from "../../../bench/random.ts";
import { lowerLimit } from "../../../src/core/detect/beta.ts";
import { waldBound } from "../../../src/core/detect/bound.ts";
import { onRoute } from "../../../src/core/detect/expects.ts";
import {
  concludeStreams,
  observeRequest,
  type Streams,
  startStreams,
} from "../../../src/core/detect/streams.ts";

const threshold = 0.05;
const expects = { latency: null, payments: { routes: ["/pay*"], threshold }, events: [] };
const options = { threshold: 0.01, horizonS: 1800, heard: { errors: true, probe: false }, expects };
const patience = { timeout: 120_000 };

function attempt(streams: Streams, atS: number, status: number, client: string) {
  observeRequest(streams, { atS, ok: status < 500, status, client, route: "/pay/:id" });
}

/** Attempts until the finding says that payments fail; all of them where it never does. */
function attempts(random: ReturnType<typeof seeded>, failing: number, most: number, alpha = 0.001): number {
  const streams = startStreams({ ...options, alpha });
  for (let i = 0; i < most; i++) {
    attempt(streams, i / 5, random.uniform() < failing ? 402 : 200, `c-${random.below(10_000)}`);
    if (streams.payments?.stream.alarm) return i + 1;
  }
  return Number.POSITIVE_INFINITY;
}

test.each([0.2, 0.4])("payments of which %d fail are noticed within 1.5 times the bound", patience, (p) => {
  const random = seeded(1);
  const runs = Array.from({ length: 400 }, () => attempts(random, p, 20_000));
  const mean = runs.reduce((a, b) => a + b, 0) / runs.length;
  const { needed } = startStreams(options).payments?.stream ?? { needed: 1 };
  expect(mean / waldBound(1 / needed, p, threshold)).toBeLessThanOrEqual(1.5);
});

test(
  "declines that are as frequent as is usual raise no more false alarms than is promised",
  patience,
  () => {
    const random = seeded(2);
    const alarms = Array.from({ length: 600 }, () => attempts(random, threshold, 2_000, 0.05)).filter(
      Number.isFinite,
    );
    expect(lowerLimit(alarms.length, 600, 0.001)).toBeLessThanOrEqual(0.05);
  },
);

test("failing payments are bad although no request fails, under their own name", () => {
  const streams = startStreams(options);
  for (let i = 0; i < 30; i++) attempt(streams, i, 402, `c-${i}`);
  const { worst } = concludeStreams(streams, { nowS: 30, blind: { errors: null, probe: null } });
  expect(worst).toMatchObject({ outcome: "bad", breadth: "broad", stream: "payments" });
  expect(worst.why).toMatch(/^\d+ of \d+ payments failed \(100 %\) from the deploy on/);
  expect(streams.errors.errors).toBe(0);
});

test("routes are told by their whole name, or by their beginning", () => {
  expect(onRoute(["/pay"], "/pay")).toBe(true);
  expect(onRoute(["/pay"], "/payments")).toBe(false);
  expect(onRoute(["/a", "/pay/*"], "/pay/:id")).toBe(true);
  expect(onRoute([], "/pay")).toBe(false);
});
