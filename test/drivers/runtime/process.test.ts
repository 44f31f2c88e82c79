import { describe, test } from "vitest";
import { runtimeContract } from "../../../src/testing/contracts/runtime.ts";
import { processBed } from "./process-bed.ts";

describe("the process runtime keeps the contract of all runtimes:", () => {
  test.each(runtimeContract.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    await one.run(await processBed());
  });
});
