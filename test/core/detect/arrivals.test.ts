// Several logs, late and out of order: silence is neither made up nor hidden.
import { expect, test } from "vitest";
import { type Arrivals, arrived, heardTo, startArrivals } from "../../../src/core/detect/arrivals.ts";
import {
  observeEvent,
  type SilenceStream,
  startSilenceStream,
  tickSilence,
} from "../../../src/core/detect/silence-stream.ts";

const look = (writtenS: readonly number[], nowS: number, more = false) => ({ writtenS, nowS, more });

test("the slowest source tells how far all are heard; a line of it moves them on", () => {
  const arrivals = startArrivals(["a", "b"]);
  arrived(arrivals, "a", look([100], 100));
  arrived(arrivals, "b", look([97], 100));
  expect(heardTo(arrivals, 100)).toBe(96);
  // Nothing new for long: what they know to be late is waited for, and no more.
  expect(heardTo(arrivals, 200)).toBe(195);
});

test("how late a log comes is learned from it, up to a limit", () => {
  const arrivals = startArrivals(["a"]);
  arrived(arrivals, "a", look([70, 75, 80], 90));
  expect(heardTo(arrivals, 95)).toBe(79);
  // Twenty seconds and one for the second that lines are dated to.
  expect(heardTo(arrivals, 200)).toBe(179);
  arrived(arrivals, "a", look([210], 400));
  expect(heardTo(arrivals, 400)).toBe(340);
});

test("blocks of several writers in one log: as far back as lines were seen to jump", () => {
  const arrivals = startArrivals(["a"]);
  arrived(arrivals, "a", look([10, 11, 12, 4, 5, 6], 12));
  expect(heardTo(arrivals, 12)).toBe(4);
});

test("what we have not read yet is not waited for in vain, and teaches nothing about lateness", () => {
  const arrivals = startArrivals(["a"]);
  arrived(arrivals, "a", look([10, 11], 1_800, true));
  expect(heardTo(arrivals, 1_800)).toBe(10);
  arrived(arrivals, "a", look([12, 1_799], 1_800));
  expect(heardTo(arrivals, 1_800)).toBe(1_798);
  expect(heardTo(arrivals, 1_900)).toBe(1_895);
});

test("a source that has said nothing yet is waited for at the beginning, and then has nothing to tell", () => {
  const arrivals = startArrivals(["a", "idle"]);
  arrived(arrivals, "a", look([50], 50));
  expect(heardTo(arrivals, 50)).toBe(20);
  arrived(arrivals, "a", look([90], 90));
  expect(heardTo(arrivals, 90)).toBe(85);
});

const ordersPerS = 2;
/**
 * Two instances share two orders a second until `endS`. The log of one is there at once; that of the other comes in blocks
 * of 20 s, each 10 s late.
 */
function play(endS: number, forS: number, with2: boolean): SilenceStream {
  const expected = { name: "order", due: [{ fromS: 0, perS: ordersPerS }] };
  const stream = startSilenceStream({ expected, horizonS: 1_800, alpha: 1e-4 });
  const arrivals: Arrivals = startArrivals(["a", "b"]);
  for (let nowS = 1; nowS <= forS; nowS += 1) {
    // Lines that tell of no order go on all the time.
    arrived(arrivals, "a", look([nowS], nowS));
    if (nowS <= endS) observeEvent(stream, nowS);
    if (with2 && nowS % 20 === 10 && nowS > 20) {
      const block = Array.from({ length: 20 }, (_, i) => nowS - 29 + i);
      arrived(arrivals, "b", look(block, nowS));
      for (const atS of block) if (atS <= endS) observeEvent(stream, atS);
    }
    tickSilence(stream, nowS, false, heardTo(arrivals, nowS));
  }
  return stream;
}

test("two instances, one of whose logs comes late in blocks: no silence is made up", () => {
  expect(play(600, 600, true).alarm).toBeNull();
});

test("and where the orders stop at both, it is found as soon as the slower one has told", () => {
  const alarmed = (forS: number) => play(300, forS, true).alarm !== null;
  expect(alarmed(300)).toBe(false);
  // 10 expected events are 5 s; the slower log is 30 s behind at most.
  expect(alarmed(340)).toBe(true);
});

test("one instance's orders stop while the other's go on: half is left, and that is found too", () => {
  expect(play(900, 300, false).alarm).not.toBeNull();
});
