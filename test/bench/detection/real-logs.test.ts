// The real logs lie beside the repository: skipped by name where they do not.
import { describe, expect, test } from "vitest";
import { everyStart, readReal } from "../../../bench/detection/real-log.ts";

const patience = { timeout: 240_000 };

function withLog(name: string, tests: (log: NonNullable<ReturnType<typeof readReal>>) => void): void {
  const log = readReal(name);
  if (log === null) console.warn(`tests that need ../shared/data/${name} are skipped: it is not there`);
  describe.runIf(log !== null)(`${name} (needs ../shared/data)`, () => {
    if (log !== null) tests(log);
  });
}

withLog("site-access.log.gz", (log) => {
  test("every line is read, but for those of clients that left", () => {
    expect({ count: log.count, unparsed: log.unparsed }).toEqual({ count: 10_000 - 861, unparsed: 0 });
  });

  test("a healthy site: whichever line is the moment of a deploy, nothing is rolled back", patience, () => {
    const back = everyStart(log).filter(({ ended }) => ended === "rolled-back");
    expect(back.map(({ finding }) => finding.why)).toEqual([]);
  });
});

withLog("scanner-access.log.gz", (log) => {
  test("one scanner: never a rollback, and named as one client from nearly every start", patience, () => {
    const all = everyStart(log);
    expect(all.filter(({ ended }) => ended === "rolled-back")).toEqual([]);
    const named = all.filter(({ singleClientAtS }) => singleClientAtS !== null).length;
    // From the last lines on there is too little left to name anybody.
    expect(named / all.length).toBeGreaterThan(0.98);
  });
});
