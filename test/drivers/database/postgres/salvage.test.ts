import { afterAll, beforeAll, expect, test } from "vitest";
import { restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { everything, makeShop, type Shop } from "./salvage-site.ts";
import { good, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 90_000;

/** Inserts, changes and deletes in every way that tables can hang together. */
const written = `
  INSERT INTO customers(email, name) SELECT 'new' || g || '@example.org', 'New ' || g FROM generate_series(1, 50) g;
  UPDATE customers SET name = name || ' (moved)', version = 2 WHERE id BETWEEN 10 AND 29;
  UPDATE customers SET email = 'old-' || email WHERE id = 30;
  INSERT INTO customers(email, name) VALUES('c30@example.org', 'takes the freed address');
  INSERT INTO orders(customer_id, note) SELECT 201 + g % 50, '\\x00ff' FROM generate_series(1, 70) g;
  INSERT INTO order_lines SELECT g, 1, (SELECT id FROM products LIMIT 1), 2 FROM generate_series(301, 370) g;
  INSERT INTO payments(order_id, amount) SELECT g, 5 FROM generate_series(301, 370) g;
  INSERT INTO payments(amount, refund_of) SELECT -5, max(id) FROM payments;
  DELETE FROM customers WHERE id = 200 AND false;
  DELETE FROM payments WHERE order_id IN (7, 8);
  DELETE FROM order_lines WHERE order_id IN (7, 8);
  DELETE FROM orders WHERE id IN (7, 8);
  DELETE FROM addresses WHERE id IN (1, 2, 3);
  UPDATE categories SET parent_id = 20 WHERE id = 6;
  INSERT INTO categories(parent_id, title) VALUES(21, 'its own parent');
  UPDATE products SET price = price + 0.50, data = data || '{"sale": true}' WHERE price < 10;
  INSERT INTO visits SELECT now(), '/p1' FROM generate_series(1, 10) g;
  DELETE FROM visits WHERE path = '/p3';`;

withPostgres("salvage from a real database", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  const rows = async (shop: Shop, sql: string) => await shop.sql(sql);

  test(
    "before a restore: what was written since, by table, and what counts cannot tell",
    async () => {
      const shop = await makeShop(server);
      await shop.sql(
        "INSERT INTO customers(email) VALUES('x@example.org'); DELETE FROM addresses WHERE id < 4",
      );
      await shop.sql("UPDATE products SET price = 1 WHERE price < 6");
      const changes = good(await shop.salvage.since(shop.backup));
      const by = new Map(changes.tables.map((table) => [table.table, table]));
      expect([...by.keys()]).toEqual(["addresses", "customers", "products"]);
      expect(by.get("customers")).toMatchObject({ written: 1, inserted: 1, updated: 0, deleted: 0 });
      expect(by.get("addresses")).toMatchObject({ written: 0, inserted: 0, deleted: 3, gone: 3 });
      expect(by.get("products")).toMatchObject({ written: 5, gone: 5, inserted: null, deleted: null });
      expect(changes.gaps.join()).toContain("products");
    },
    patience,
  );

  test(
    "everything that was written comes back, and the result is what it would be without the restore",
    async () => {
      const shop = await makeShop(server);
      await shop.sql(written);
      const kept = await shop.putBack();
      const found = good(await shop.salvage.look(kept, everything));
      const verdicts = Object.fromEntries(found.tables.map(({ table, verdicts }) => [table, verdicts]));
      expect(verdicts["customers"]).toMatchObject({ insert: 51, update: 21 });
      expect(verdicts["orders"]).toMatchObject({ insert: 70, delete: 2 });
      expect(verdicts["visits"]).toMatchObject({ insert: 10, delete: 7 });
      expect(found.tables.flatMap(({ conflicts }) => conflicts)).toEqual([]);
      expect(await rows(shop, "SELECT count(*) FROM orders")).toBe("300");

      // A restore raises them itself; one that was killed right after the exchange has not come to it.
      await shop.sql("SELECT setval(pg_get_serial_sequence('customers', 'id'), 200)");
      const done = good(await shop.salvage.replay(op("salvage"), kept, everything));
      expect(done.sequences).toBe(1);
      expect(await shop.hashes(shop.database)).toEqual(await shop.hashes(kept.database));
      await shop.sql("INSERT INTO customers(email) VALUES('after@example.org')");
      expect(Number(await rows(shop, "SELECT max(id) FROM customers"))).toBeGreaterThan(251);
    },
    patience,
  );

  test(
    "the same op again does nothing, and another one finds nothing left",
    async () => {
      const shop = await makeShop(server);
      await shop.sql(written);
      const kept = await shop.putBack();
      const first = good(await shop.salvage.replay(op("salvage"), kept, everything));
      const again = good(await shop.salvage.replay(op("salvage"), kept, everything));
      expect(again).toEqual({ ...first, before: true });
      expect(good(await shop.salvage.replayed("op-salvage"))).toEqual({ ...first, before: true });
      expect(good(await shop.salvage.replayed("op-other"))).toBeNull();
      expect(good(await shop.salvage.look(kept, everything)).tables).toEqual([]);
    },
    patience,
  );

  test(
    "without the backup that took its place every row is compared, with the same result",
    async () => {
      const shop = await makeShop(server);
      await shop.sql(written);
      const kept = await shop.putBack();
      good(await shop.salvage.replay(op("salvage"), { ...kept, from: null }, everything));
      expect(await shop.hashes(shop.database)).toEqual(await shop.hashes(kept.database));
    },
    patience,
  );

  test(
    "after the way back, what was written in between comes along",
    async () => {
      const shop = await makeShop(server);
      await shop.sql(written);
      const first = await shop.putBack();
      await shop.sql(
        "INSERT INTO orders(customer_id) VALUES(1); UPDATE customers SET name = 'in between' WHERE id = 50",
      );
      await shop.sql(
        "UPDATE customers SET name = 'both' WHERE id = 10; DELETE FROM addresses WHERE id = 100",
      );
      expect(
        good(await shop.salvage.since(first.id)).tables.map(({ table, written }) => [table, written]),
      ).toEqual([
        ["customers", 2],
        ["orders", 1],
      ]);
      good(await restore(shop.context(), op("undo"), first.id));
      const found = good(await shop.salvage.look({ id: "before-op-undo", from: first.id }, everything));
      const verdicts = Object.fromEntries(found.tables.map(({ table, verdicts }) => [table, verdicts]));
      expect(verdicts["customers"]).toEqual({ update: 1, "both-changed": 1 });
      expect(verdicts["addresses"]).toEqual({ delete: 1 });
      good(await shop.salvage.replay(op("salvage"), { id: "before-op-undo", from: first.id }, everything));
      expect(await rows(shop, "SELECT name FROM customers WHERE id IN (10, 50) ORDER BY id")).toBe(
        "Customer 10 (moved)\nin between",
      );
    },
    patience,
  );
});
