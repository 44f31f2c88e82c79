// How long requests wait, told before anybody says yes.
import { expect, test } from "vitest";
import { heldMs } from "../../../src/core/plan/held.ts";
import type { PlanStep } from "../../../src/core/plan/plan.ts";

const steps = ["release.prepare", "database.prepare", "traffic.hold", "instance.stop", "instance.stop"]
  .concat("database.restore", "traffic.hold", "instance.start")
  .map((kind, at): PlanStep => ({ ...{ key: `${at}`, kind, title: kind, input: {} }, ...rest() }));

function rest() {
  return { safePointAfter: true, onFailure: "turn" as const };
}

const durations = {
  "database.prepare": [90_000],
  "traffic.hold": [10],
  "instance.stop": [300, 9_000, 500],
  "database.restore": [800, 700],
  "instance.start": [5_000],
};

test("only what lies between the first hold and the last counts, each by its median", () => {
  expect(heldMs({ steps }, durations)).toBe(10 + 500 + 500 + 800 + 10);
});

test("where one of them was never measured nobody knows", () => {
  expect(heldMs({ steps }, { ...durations, "database.restore": [] })).toBeNull();
});

test("where nothing is held nobody waits", () => {
  expect(heldMs({ steps: steps.slice(0, 2) }, {})).toBe(0);
});
