import { expect, test } from "vitest";
import { seeded } from "../../../bench/random.ts";
import { lowerLimit } from "../../../src/core/detect/beta.ts";
import { finding } from "../../../src/core/detect/finding.ts";
import {
  concludeRestarts,
  observeRestart,
  type RestartStream,
  startRestartStream,
  tickRestarts,
} from "../../../src/core/detect/restart-stream.ts";

const options = { horizonS: 1800, alpha: 0.000025 };
const once = { times: 1, outOfMemory: false };
const say = (stream: RestartStream) => finding.parse(concludeRestarts(stream, { blind: null }));

test("one restart proves nothing, a release that dies every ten seconds is bad at its third", () => {
  const stream = startRestartStream(options);
  observeRestart(stream, { atS: 10, ...once });
  expect(say(stream).outcome).toBe("undecided");
  observeRestart(stream, { atS: 20, ...once });
  observeRestart(stream, { atS: 30, ...once });
  const found = say(stream);
  expect(found).toMatchObject({ outcome: "bad", breadth: "broad", stream: "restarts", onsetS: 10 });
  expect(found.why).toMatch(/^3 restarts in 30 s, one each 10 s; /);
});

test("one that dies every five minutes for want of memory is found within half an hour, and memory is named", () => {
  const stream = startRestartStream(options);
  for (let i = 1; i <= 6 && !stream.alarm; i++) {
    observeRestart(stream, { atS: 300 * i, times: 1, outOfMemory: true });
  }
  expect(say(stream).why).toMatch(/all of them for want of memory/);
  expect(say(stream).outcome).toBe("bad");
});

test("a release that dies as rarely as is allowed is blamed no more often than is promised", () => {
  const random = seeded(1);
  const runs = 3_000;
  let alarms = 0;
  for (let run = 0; run < runs; run++) {
    const stream = startRestartStream({ ...options, alpha: 0.01 });
    for (let atS = random.gap() * 21_600; atS < 1_800; atS += random.gap() * 21_600)
      observeRestart(stream, { atS, ...once });
    alarms += stream.alarm ? 1 : 0;
  }
  expect(lowerLimit(alarms, runs, 0.001)).toBeLessThanOrEqual(0.01);
});

test("no restart for long enough is verified", () => {
  const stream = startRestartStream(options);
  tickRestarts(stream, 600);
  expect(say(stream).outcome).toBe("undecided");
  tickRestarts(stream, 1_500);
  expect(say(stream).outcome).toBe("verified");
});
