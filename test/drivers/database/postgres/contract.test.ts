import { afterAll, beforeAll, test } from "vitest";
import { databaseContract } from "../../../../src/testing/contracts/database.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { contractBed } from "./contract-bed.ts";

const withPostgres = await describeWith("postgres");

withPostgres("the contract of databases, with PostgreSQL", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, 60_000);
  afterAll(end);

  test.each(databaseContract.map((one) => [one.name, one] as const))(
    "%s",
    { timeout: 120_000 },
    async (_name, one) => {
      await one.run(await contractBed(server));
    },
  );
});
