import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { keptName } from "../../../../src/drivers/database/postgres/names.ts";
import { prepareRestore, restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { marker } from "../../../../src/drivers/database/postgres/swap/probe.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { shop } from "./shop.ts";
import { bad, good, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 60_000;

withPostgres("restores of a real database", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  test(
    "a backup takes the live name, and what was there is kept, shut and read-only",
    async () => {
      const site = await shop(server);
      const { kept } = good(await restore(site.context(), op("back"), site.backup));
      expect(kept).toBe("before-op-back");
      expect(await site.orders()).toBe("10");
      expect(good(await marker(site.context()))).toBe("op-back");
      expect(await site.names()).toEqual([site.database, `${keptName(site.database, "op-back")} (shut)`]);
    },
    patience,
  );

  test(
    "the kept database returns by the same exchange, without a copy, with every row",
    async () => {
      const site = await shop(server);
      const { kept } = good(await restore(site.context(), op("back"), site.backup));
      await site.sql("INSERT INTO orders(body) VALUES('written after the restore')");
      good(await restore(site.context(), op("undo"), kept));
      expect(await site.orders()).toBe("20");
      await site.sql("INSERT INTO orders(body) VALUES('it can be written')");
      expect(await site.names()).toEqual([site.database, `${keptName(site.database, "op-undo")} (shut)`]);
      good(await restore(site.context(), op("again"), "before-op-undo"));
      expect(await site.orders()).toBe("11");
    },
    patience,
  );

  test(
    "numbers that the replaced database gave out are not given out again, on the way there and back",
    async () => {
      const site = await shop(server);
      const next = () => site.sql("INSERT INTO orders(body) VALUES('new') RETURNING id");
      expect(await next()).toBe("21");
      const { kept } = good(await restore(site.context(), op("back"), site.backup));
      expect(await next()).toBe("22");
      good(await restore(site.context(), op("undo"), kept));
      expect(await next()).toBe("23");
    },
    patience,
  );

  test(
    "what was prepared beside is taken by the restore of the same backup",
    async () => {
      const site = await shop(server);
      good(await prepareRestore(site.context(), op("prepare"), site.backup));
      good(await prepareRestore(site.context(), op("prepare"), site.backup));
      expect(await site.names()).toHaveLength(2);
      expect(await site.orders()).toBe("20");
      const oid = await server.psql(
        `SELECT oid FROM pg_database WHERE datname LIKE '${site.database}_restore_%'`,
      );
      good(await restore(site.context(), op("back"), site.backup));
      expect(await server.psql(`SELECT oid FROM pg_database WHERE datname = '${site.database}'`)).toBe(oid);
    },
    patience,
  );

  test(
    "a restore does not come twice, nor after a newer one",
    async () => {
      const site = await shop(server);
      const first = good(await restore(site.context(), op("back"), site.backup));
      await site.sql("INSERT INTO orders(body) VALUES('new')");
      expect(good(await restore(site.context(), op("back"), site.backup))).toEqual(first);
      expect(await site.orders()).toBe("11");
      good(await restore(site.context(), op("undo"), first.kept));
      expect(bad(await restore(site.context(), op("back"), site.backup)).code).toBe("conflict");
    },
    patience,
  );

  test(
    "beyond as many as are to be kept, the oldest replaced database goes before the next restore beside",
    async () => {
      const site = await shop(server);
      const context = site.context({ keep: 1 });
      good(await restore(context, op("one"), site.backup));
      good(await restore(context, op("two"), site.backup));
      expect(await site.names()).toHaveLength(3);
      good(await restore(context, op("three"), site.backup));
      expect(await site.names()).toEqual([
        site.database,
        `${keptName(site.database, "op-three")} (shut)`,
        `${keptName(site.database, "op-two")} (shut)`,
      ]);
      expect(bad(await restore(context, op("four"), "before-op-one")).code).toBe("missing");
    },
    patience,
  );

  test(
    "pages are checked too where that is wanted, and nothing of the check stays",
    async () => {
      const site = await shop(server);
      const context = site.context({ adminUrl: secret(server.url) });
      good(await restore(context, op("back"), site.backup, { amcheck: true }));
      expect(await site.sql("SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'")).toBe("0");
      expect(await site.sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'lastgood%'")).toBe("0");
    },
    patience,
  );
});
