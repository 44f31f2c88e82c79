// Backups, drills and restores say how far they are, on a real server.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Progressed } from "../../../../src/core/view/progress.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import { restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { good, makeSite, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 120_000;
const rows = 60_000;

withPostgres("the progress of long acts", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;

  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  test(
    "bytes of a dump, of a database that is loaded and of tables that are checked rise to what there is",
    async () => {
      const site = await makeSite(server);
      await site.sql(`CREATE TABLE orders(id bigserial PRIMARY KEY, body text NOT NULL);
        INSERT INTO orders(body) SELECT repeat(md5(g::text), 8) FROM generate_series(1, ${rows}) g`);
      const said: Progressed[] = [];
      const clock = systemClock();
      // It is looked at as often as the server answers, so that small databases show what large ones would.
      const often = { ...clock, sleep: (_: number, signal?: AbortSignal) => clock.sleep(1, signal) };
      const context = site.context({}, { clock: often, tell: (one) => said.push(one) });
      const { id } = good(await backUp(context, op("backup"), "nightly"));
      const dumped = said.splice(0);
      good(await restore(context, op("back"), id));

      const size = Number(await server.psql(`SELECT pg_database_size('${site.database}')`));
      const about = (told: readonly Progressed[], what: string) =>
        told.filter((one) => one.what.startsWith(what));
      const dump = about(dumped, `dumping ${site.database}`);
      const load = about(said, `loading ${site.database}_restore_`);
      const check = about(said, "checking the tables of");
      for (const told of [dump, load, check]) {
        expect(told.length).toBeGreaterThan(0);
        expect(told.map(({ done }) => done)).toEqual(told.map(({ done }) => done).toSorted((a, b) => a - b));
      }
      expect(load.at(-1)?.done).toBeGreaterThan(size / 4);
      expect(load.at(-1)?.total).toBeGreaterThan(size / 2);
      expect(check.at(-1)?.done).toBe(check.at(-1)?.total);
    },
    patience,
  );
});
