import { afterAll, beforeAll, expect, test } from "vitest";
import { restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { marker } from "../../../../src/drivers/database/postgres/swap/probe.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { shop } from "./shop.ts";
import { good, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 60_000;

withPostgres("a database that somebody dropped", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  test(
    "comes back from its backup, and there is nothing to keep",
    async () => {
      const site = await shop(server);
      await server.psql(`DROP DATABASE ${site.database}`);
      expect(good(await marker(site.context()))).toBeNull();
      expect(good(await restore(site.context(), op("back"), site.backup)).kept).toBe("");
      expect(good(await restore(site.context(), op("back"), site.backup)).kept).toBe("");
      expect(await site.orders()).toBe("10");
      expect(await site.names()).toEqual([site.database]);
    },
    patience,
  );
});
