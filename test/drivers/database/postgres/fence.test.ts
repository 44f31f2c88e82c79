import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { passFence } from "../../../../src/drivers/database/postgres/fence/epoch.ts";
import { prepareRestore, restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { marker } from "../../../../src/drivers/database/postgres/swap/probe.ts";
import { laterOn, pause } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { type Shop, shop } from "./shop.ts";
import { bad, good, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 60_000;

withPostgres("who stands in the way of an exchange", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({ max_prepared_transactions: "5", wal_level: "logical" }, later);
  }, patience);
  afterAll(end);

  function client(site: Shop, application: string): pg.Client {
    const made = new pg.Client({
      connectionString: site.config.url.reveal(),
      application_name: application,
    });
    made.on("error", () => {});
    onTestFinished(() => made.end().catch(() => {}));
    return made;
  }

  test(
    "idle sessions are ended",
    async () => {
      const site = await shop(server);
      const idle = client(site, "forgotten");
      await idle.connect();
      const ended = new Promise<void>((resolve) => idle.on("end", () => resolve()));
      good(await restore(site.context(), op("back"), site.backup));
      await ended;
      expect(await site.orders()).toBe("10");
    },
    patience,
  );

  test(
    "an app that comes back is told by its name and address, and nothing is changed",
    async () => {
      const site = await shop(server);
      let over = false;
      const coming = (async () => {
        while (!over) {
          const one = new pg.Client({
            connectionString: site.config.url.reveal(),
            application_name: "web-2",
          });
          const gone = new Promise<void>((resolve) => one.on("end", () => resolve()));
          one.on("error", () => {});
          await one.connect().then(
            () => gone,
            () => pause(),
          );
        }
      })();
      const refused = bad(await restore(site.context(), op("back"), site.backup));
      over = true;
      expect(refused.code).toBe("busy");
      expect(refused.what).toContain("web-2 as ");
      expect(refused.what).toContain("from 127.0.0.1");
      await server.psql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${site.database}'`,
      );
      await coming;
      expect(await site.orders()).toBe("20");
      expect(good(await marker(site.context()))).toBeNull();
    },
    patience,
  );

  test(
    "where sessions are to be shut out, an app that comes back meets the restored database",
    async () => {
      const site = await shop(server);
      let over = false;
      const seen = new Set<string>();
      const coming = (async () => {
        while (!over) {
          const one = client(site, "web");
          const asked = one.connect().then(() => one.query("SELECT count(*) FROM orders"));
          await asked.then(
            ({ rows }) => seen.add(rows[0].count),
            () => seen.add("shut out"),
          );
          await one.end().catch(() => {});
        }
      })();
      while (!seen.has("20")) await pause();
      good(await restore(site.context(), op("back"), site.backup, { sessions: "end" }));
      while (!seen.has("10")) await pause();
      over = true;
      await coming;
    },
    patience,
  );

  test(
    "prepared transactions and slots in use are told by name before anything stops",
    async () => {
      const site = await shop(server);
      await site.sql("BEGIN; INSERT INTO orders(body) VALUES('half'); PREPARE TRANSACTION 'payment-17'");
      const two = bad(await restore(site.context(), op("back"), site.backup));
      expect(two.code).toBe("busy");
      expect(two.what).toContain("payment-17");
      await site.sql("ROLLBACK PREPARED 'payment-17'");

      await server.psql("SELECT pg_create_logical_replication_slot('feed', 'test_decoding')", site.database);
      const consumer = new pg.Client({
        connectionString: `${server.url.replace(/[^/]*$/, site.database)}`,
        replication: "database",
      } as pg.ClientConfig);
      consumer.on("error", () => {});
      await consumer.connect();
      const streaming = consumer.query("START_REPLICATION SLOT feed LOGICAL 0/0").catch(() => {});
      while ((await server.psql("SELECT active FROM pg_replication_slots")) !== "t") await pause();
      const slot = bad(await restore(site.context(), op("back"), site.backup));
      expect(slot.what).toContain("feed (test_decoding)");
      expect(await site.orders()).toBe("20");
      await consumer.end().catch(() => {});
      await streaming;
      await server.psql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active");
      while ((await server.psql("SELECT active FROM pg_replication_slots")) !== "f") await pause();
      good(await restore(site.context(), op("back"), site.backup));
      await server.psql("SELECT pg_drop_replication_slot('feed')");
    },
    patience,
  );

  test(
    "a session of a superuser that the role may not end is told",
    async () => {
      const site = await shop(server);
      const root = new pg.Client({
        connectionString: server.url.replace(/[^/]*$/, site.database),
        application_name: "psql of the admin",
      });
      root.on("error", () => {});
      onTestFinished(() => root.end().catch(() => {}));
      await root.connect();
      const refused = bad(await restore(site.context(), op("back"), site.backup));
      expect(refused.code).toBe("refused");
      expect(refused.what).toContain("postgres");
      expect(await site.orders()).toBe("20");
    },
    patience,
  );

  test(
    "the epoch is kept in the database's own comment, beside its people's",
    async () => {
      const site = await shop(server);
      await server.psql(`COMMENT ON DATABASE ${site.database} IS 'the shop'`);
      good(await passFence(site.context(), op("one", 3)));
      expect(bad(await passFence(site.context(), op("two", 2))).code).toBe("fenced");
      const elsewhere = site.context({ backupDir: `${site.config.backupDir}-of-another-controller` });
      expect(bad(await prepareRestore(elsewhere, op("three", 2), site.backup)).code).toBe("fenced");
      const comment = await server.psql(
        `SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '${site.database}'`,
      );
      expect(comment).toMatch(/^the shop\nlastgood:\{.*"epoch":3/);
    },
    patience,
  );
});
