// A deploy with a migration, by what the newest drill said.
import { expect, test } from "vitest";
import { emptyBackupState } from "../../../src/core/backups/state.ts";
import { guardDrilled, unproved } from "../../../src/core/guard/drilled.ts";

const day = 86_400_000;
const now = 100 * day;
const gate = { act: "refuse", maxMs: 15 * day } as const;
const drill = (at: number, problem: string | null = null) => ({
  ...emptyBackupState,
  drills: [{ backup: "b1", at, problem, ms: 40, bytes: 1_000, rows: 3 }],
});

test.each([
  ["none at all", emptyBackupState, "no backup was ever drilled"],
  ["one that failed", drill(now - day, "one bit is another."), "failed: one bit is another"],
  ["one that is too old", drill(now - 16 * day), "older than"],
])("%s keeps it from going out", (_, state, why) => {
  expect(unproved(state, gate, now)).toContain(why);
  expect(guardDrilled(state, gate, now)).toMatchObject({
    code: "refused",
    what: expect.stringContaining(why),
  });
  expect(guardDrilled(state, { ...gate, act: "warn" }, now)).toBeNull();
});

test("a drill that worked and is young lets it go", () => {
  expect(unproved(drill(now - 14 * day), gate, now)).toBeNull();
  expect(guardDrilled(drill(now - 14 * day), gate, now)).toBeNull();
});
