import { expect, test } from "vitest";
import { describeWith } from "../../../parts/needs.ts";
import { actsOf, killedBackup, killedRestore } from "./kill-suite.ts";

const withRedis = await describeWith("redis");

withRedis("a controller that is killed at every act", () => {
  // Killed before one act is killed after the one before.
  test("of a restore leaves all old or all new, and the next one finishes it", async () => {
    const acts = await actsOf("restore");
    expect(acts).toBeGreaterThan(100);
    for (let at = 1; at <= acts; at++) await killedRestore({ at, phase: "before" });
    await killedRestore({ at: acts, phase: "after" });
  }, 1_800_000);

  test("of a backup leaves no half of one", async () => {
    const acts = await actsOf("backup");
    for (let at = 1; at <= acts; at++) await killedBackup({ at, phase: "before" });
    await killedBackup({ at: acts, phase: "after" });
  }, 900_000);
});
