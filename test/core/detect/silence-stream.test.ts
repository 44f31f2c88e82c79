import { expect, test } from "vitest";
import { seeded } from "../../../bench/random.ts";
import { lowerLimit } from "../../../src/core/detect/beta.ts";
import { finding } from "../../../src/core/detect/finding.ts";
import {
  concludeSilence,
  noteRead,
  observeEvent,
  type SilenceStream,
  startSilenceStream,
  tickSilence,
} from "../../../src/core/detect/silence-stream.ts";

const perS = 0.05;
const options = { expected: { name: "order", due: [{ fromS: 0, perS }] }, horizonS: 1800, alpha: 0.00005 };
const say = (stream: SilenceStream, blind: string | null = null) =>
  finding.parse(concludeSilence(stream, { blind }));

test("total silence from the deploy on is noticed within 10.7 expected events", () => {
  const stream = startSilenceStream(options);
  for (let s = 0.1; s <= 1800 && !stream.alarm; s += 0.1) tickSilence(stream, s, false);
  expect(stream.expected).toBeLessThanOrEqual(10.7);
  const found = say(stream);
  expect(found).toMatchObject({ outcome: "bad", stream: "silence:order", breadth: "broad", errorClients: 0 });
  expect(found.why).toMatch(/^no "order" were seen where about 11 were to be expected/);
});

test("silence that begins ten minutes later is noticed within twice as many", () => {
  const stream = startSilenceStream(options);
  let silentFrom = 0;
  for (let s = 1; s <= 1800 && !stream.alarm; s++) {
    if (s <= 600 && s % 20 === 0) observeEvent(stream, s);
    tickSilence(stream, s, false);
    if (s === 605) silentFrom = stream.expected;
  }
  expect(stream.expected - silentFrom).toBeLessThanOrEqual(24.4);
  expect(stream.alarm?.onsetS).toBe(600);
});

test("events that come exactly as rarely as is usual raise no more false alarms than is promised", {
  timeout: 60_000,
}, () => {
  const random = seeded(1);
  let alarms = 0;
  const runs = 2_000;
  for (let run = 0; run < runs; run++) {
    const stream = startSilenceStream({ ...options, alpha: 0.01 });
    let atS = random.gap() / perS;
    for (let s = 1; s <= 1800; s++) {
      for (; atS <= s; atS += random.gap() / perS) observeEvent(stream, atS);
      tickSilence(stream, s, false);
    }
    alarms += stream.alarm ? 1 : 0;
  }
  expect(lowerLimit(alarms, runs, 0.001)).toBeLessThanOrEqual(0.01);
});

test("a younger line of the log tells that nothing older is to come; without one it is waited for", () => {
  const read = startSilenceStream(options);
  const waiting = startSilenceStream(options);
  for (let s = 1; s <= 100; s++) {
    noteRead(read, s);
    for (const one of [read, waiting]) tickSilence(one, s, false);
  }
  expect(read.expected).toBeCloseTo(99 * perS, 6);
  expect(waiting.expected).toBeCloseTo(95 * perS, 6);
  // A line that is dated ahead of the clock makes no time pass.
  noteRead(read, 5_000);
  tickSilence(read, 101, false);
  expect(read.expected).toBeCloseTo(101 * perS, 6);
});

test("while nothing can be heard nothing is due", () => {
  const stream = startSilenceStream(options);
  for (let s = 1; s <= 1800; s++) tickSilence(stream, s, true);
  expect(stream.expected).toBe(0);
  expect(say(stream, "the log is silent").outcome).toBe("blind");
});

test("how often the clock is looked at makes no difference", () => {
  const [often, once] = [startSilenceStream(options), startSilenceStream(options)];
  for (let s = 0.025; s <= 100; s += 0.025) tickSilence(often, s, false);
  tickSilence(often, 100, false);
  tickSilence(once, 100, false);
  expect(once.expected).toBeCloseTo(95 * perS, 9);
  expect(say(often).evidence / say(once).evidence).toBeCloseTo(1, 6);
});

test("at night nothing is due: the rate of each hour counts", () => {
  const due = [
    { fromS: 0, perS: 0 },
    { fromS: 900, perS: 0.1 },
  ];
  const stream = startSilenceStream({ ...options, expected: { name: "order", due } });
  tickSilence(stream, 905, false);
  expect(stream.expected).toBe(0);
  tickSilence(stream, 1005, false);
  expect(stream.expected).toBeCloseTo(10, 6);
});

test("as many as usual are verified, and before that it is said how many that stay away would be silence", () => {
  const stream = startSilenceStream(options);
  tickSilence(stream, 25, false);
  expect(say(stream)).toMatchObject({ outcome: "undecided", moreRequests: 10 });
  for (let s = 26; s <= 1000; s++) {
    if (s % 20 === 0) observeEvent(stream, s);
    tickSilence(stream, s, false);
  }
  expect(say(stream).outcome).toBe("verified");
});
