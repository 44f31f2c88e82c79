import { describe, test } from "vitest";
import { databaseContract } from "../../../src/testing/contracts/database.ts";
import { makeBed } from "./bed.ts";

describe.each(["wal", "delete"])("with an app in journal mode %s", (journal) => {
  test.each(databaseContract.map((one) => [one.name, one] as const))("%s", async (_name, one) => {
    await one.run(await makeBed({ journal }));
  });
});
