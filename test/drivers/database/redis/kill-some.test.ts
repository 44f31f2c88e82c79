import { test } from "vitest";
import { describeWith } from "../../../parts/needs.ts";
import { type Case, killedBackup, killedRestore } from "./kill-suite.ts";

const withRedis = await describeWith("redis");

// All of them are in kill.test.ts, which takes minutes.
withRedis("a controller that is killed", () => {
  test.each<Case>([
    { at: "exec", phase: "before" },
    { at: "exec", phase: "after" },
    // In the middle of laying out, and in the middle of writing down what was replaced.
    { at: 70, phase: "before" },
    { at: 140, phase: "before" },
  ])(
    "$phase act $at of a restore leaves all old or all new, and the next one finishes it",
    killedRestore,
    120_000,
  );

  test(
    "in the middle of a backup leaves no half of one",
    () => killedBackup({ at: 15, phase: "after" }),
    120_000,
  );
});
