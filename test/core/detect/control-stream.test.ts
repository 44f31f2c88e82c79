import { expect, test } from "vitest";
import { type Random, seeded } from "../../../bench/random.ts";
import { lowerLimit } from "../../../src/core/detect/beta.ts";
import { bothServe, concludeControl, startControlStream } from "../../../src/core/detect/control-stream.ts";
import { finding } from "../../../src/core/detect/finding.ts";
import {
  concludeStreams,
  observeOld,
  observeRequest,
  type Streams,
  startStreams,
  tickStreams,
} from "../../../src/core/detect/streams.ts";

const options = { threshold: 0.01, horizonS: 1800, heard: { errors: true, probe: false, control: true } };
const seeing = { errors: null, probe: null };
const patience = { timeout: 120_000 };

type Arms = {
  readonly share: number;
  readonly lengthS: number;
  readonly rate?: number;
  readonly failing: (atS: number, isNew: boolean) => number;
  readonly alpha?: number;
};

/** Both releases serve; stops at the first finding that would end the watch. */
function serve(random: Random, { share, lengthS, rate = 20, failing, alpha }: Arms) {
  const streams = startStreams(alpha === undefined ? options : { ...options, alpha });
  let bad: number | null = null;
  let atS = random.gap() / rate;
  for (let i = 0; atS < lengthS && bad === null; i++) {
    const isNew = random.uniform() < share;
    const ok = random.uniform() >= failing(atS, isNew);
    const seen = { atS, ok, client: `c-${random.below(2_000)}` };
    if (isNew) observeRequest(streams, seen);
    else observeOld(streams, seen);
    if (i % 20 === 0 && verdict(streams, atS).outcome === "bad") bad = atS;
    atS += random.gap() / rate;
  }
  return { streams, bad };
}

function verdict(streams: Streams, nowS: number) {
  return concludeStreams(streams, { nowS, blind: seeing }).worst;
}

test.each([0.1, 0.5])(
  "an outage that hits both is not the release's doing (it has %d of the requests)",
  patience,
  (share) => {
    const random = seeded(1);
    const outage = (atS: number) => (atS > 60 && atS < 180 ? 0.2 : 0.001);
    const runs = Array.from({ length: 60 }, () => serve(random, { share, lengthS: 240, failing: outage }));
    expect(runs.filter(({ bad }) => bad !== null)).toHaveLength(0);
    // Without the comparison all of these would have been rolled back.
    const proven = runs.filter(({ streams }) => streams.errors.alarm !== null);
    expect(proven.length).toBe(60);
  },
);

test("at equal failure rates the comparison alarms no more often than is promised", patience, () => {
  const random = seeded(2);
  const failing = () => 0.2;
  const runs = 400;
  const alarms = Array.from({ length: runs }, () => {
    return serve(random, { share: 0.3, lengthS: 120, failing, alpha: 0.02 }).streams.control?.alarm;
  }).filter(Boolean);
  expect(lowerLimit(alarms.length, runs, 0.001)).toBeLessThanOrEqual(0.02);
});

test.each([
  [0.5, 0.05, 40],
  [0.1, 0.05, 90],
  [0.1, 0.2, 30],
])(
  "where only the new release fails it is found (share %d, %d of its requests, within %d s on average)",
  patience,
  (share, p, withinS) => {
    const random = seeded(3);
    const failing = (_: number, isNew: boolean) => (isNew ? p : 0.001);
    const runs = Array.from(
      { length: 20 },
      () => serve(random, { share, lengthS: 600, rate: 50, failing }).bad,
    );
    expect(runs).not.toContain(null);
    expect(runs.reduce((sum: number, atS) => sum + (atS ?? 0), 0) / runs.length).toBeLessThan(withinS);
  },
);

test("the opposite test says that the new release is no worse", () => {
  const { streams } = serve(seeded(4), { share: 0.5, lengthS: 300, failing: () => 0.1 });
  const { control } = streams;
  if (!control) throw new Error("no comparison");
  const found = finding.parse(concludeControl(control));
  expect(found).toMatchObject({ outcome: "verified", stream: "control" });
  expect(found.why).toMatch(/the new release is no worse than the old one$/);
});

test("once the old release gets no more requests, the errors speak for themselves", () => {
  const { streams } = serve(seeded(5), { share: 0.5, lengthS: 60, failing: () => 0.2 });
  if (!streams.control) throw new Error("no comparison");
  expect(bothServe(streams.control)).toBe(true);
  expect(verdict(streams, 60).outcome).toBe("undecided");
  expect(verdict(streams, 60).why).toMatch(/but the old release serves beside it/);
  for (let i = 0; i < 3_000; i++) {
    observeRequest(streams, { atS: 61 + i / 50, ok: i % 10 !== 0, client: `d-${i}` });
  }
  expect(bothServe(streams.control)).toBe(false);
  expect(verdict(streams, 121)).toMatchObject({ outcome: "bad", stream: "errors" });
});

test("what was proven in an outage of both, and has passed, is not held against it later", () => {
  const { streams } = serve(seeded(6), { share: 0.5, lengthS: 60, failing: () => 0.2 });
  for (let i = 0; i < 60_000; i++) {
    observeRequest(streams, { atS: 61 + i / 50, ok: true, client: `d-${i % 3_000}` });
  }
  tickStreams(streams, 1_300);
  expect(streams.errors.alarm).not.toBeNull();
  expect(verdict(streams, 1_300).outcome).not.toBe("bad");
});

test("without a former release there is nothing to compare with, and that is said", () => {
  const found = finding.parse(concludeControl(startControlStream({ horizonS: 60, alpha: 0.001 })));
  expect(found.outcome).toBe("undecided");
  expect(found.why).toMatch(/cannot be compared/);
});
