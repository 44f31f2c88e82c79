// The compose runtime keeps the contract of runtimes, against a real engine.
import { test } from "vitest";
import { runtimeContract } from "../../../src/testing/contracts/runtime.ts";
import { describeWith } from "../../parts/needs.ts";
import { composeBed } from "./compose-bed.ts";

const withDocker = await describeWith("docker");

withDocker("compose runtime: the contract of runtimes", () => {
  for (const { name, run } of runtimeContract) test(name, async () => run(await composeBed()), 120_000);
});
