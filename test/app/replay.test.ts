import { describe, expect, test } from "vitest";
import { type ReplayWish, replay } from "../../src/app/replay.ts";
import { type Recorded, record, startRecord } from "../../src/core/replay/recorded.ts";

const wish: ReplayWish = {
  file: "access.log",
  inject: null,
  format: null,
  tolerate: null,
  deployAt: null,
  watch: null,
  seed: 1,
};

/** Ten requests a second for an hour from 40 clients. */
function hour(): Recorded {
  const log = startRecord();
  for (let i = 0; i < 36_000; i++) record(log, Date.UTC(2026, 0, 5) + 100 * i, 200, (7 * i) % 40);
  log.unparsed = 3;
  return log;
}

test("the log as it is: good, what was not read is said, and what to try next", () => {
  const outcome = replay(hour(), "combined", wish);
  expect(outcome).toMatchObject({
    verb: "replay",
    outcome: "done",
    data: { decision: "verified", unparsed: 3 },
  });
  expect(outcome.means).toContain("36,000 requests read as combined; 3 lines could not be read.");
  expect(outcome.next).toContain("--inject 5%@+600s");
});

test("a regression of 5 % after ten minutes: gone back for, with the bound beside it", () => {
  const { what, means, data } = replay(hour(), "combined", { ...wish, inject: "5%@+600s" });
  expect(data).toMatchObject({ decision: "roll-back", bound: 168, threshold: 0.01 });
  expect(Number(data["atS"])).toBeGreaterThan(600);
  expect(what).toMatch(/^Lastgood would have gone back \d+ min after the deploy\.$/);
  expect(means).toMatch(/The regression was there for \d+ requests; no test .* less than 168 on average/);
});

test("what is tolerated is no regression", () => {
  const tolerant = { ...wish, inject: "1.5%@+60s", tolerate: "5%", deployAt: "+10m", watch: "20m" };
  expect(replay(hour(), "combined", tolerant).data).toMatchObject({ decision: "verified", threshold: 0.05 });
});

describe("mistakes are told with what to write", () => {
  test.each([
    [{ inject: "five" }, "5%@+600s"],
    [{ inject: "5%@600" }, "5%@+600s"],
    [{ tolerate: "much" }, "0.5%"],
    [{ deployAt: "noon" }, "+2h"],
    [{ deployAt: "+2h" }, "earlier"],
    [{ watch: "long" }, "30m"],
  ])("%j", (change, next) => {
    const outcome = replay(hour(), "combined", { ...wish, ...change });
    expect(outcome).toMatchObject({ outcome: "usage", next: expect.stringContaining(next) });
  });

  test("a log without requests", () => {
    expect(replay(startRecord(), "combined", wish)).toMatchObject({ outcome: "usage" });
  });
});
