import { afterAll, beforeAll, expect, test } from "vitest";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { everything, makeShop, type Shop } from "./salvage-site.ts";
import { bad, good, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 90_000;

withPostgres("salvage from a newer schema, and against rows that moved on", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  const verdictsOf = async (shop: Shop, kept: { id: string; from: string }) => {
    const found = good(await shop.salvage.look(kept, everything));
    return { found, of: (table: string) => found.tables.find((one) => one.table === table) };
  };

  test(
    "what the migration wrote is told from what users wrote, and is left",
    async () => {
      const shop = await makeShop(server);
      await shop.migrate(
        "ALTER TABLE customers ADD phone text; UPDATE customers SET version = 9 WHERE id <= 40",
      );
      await shop.sql("UPDATE customers SET phone = '0' || id WHERE id BETWEEN 101 AND 105");
      await shop.sql("INSERT INTO customers(email, phone) VALUES('p@example.org', '077')");
      const changes = good(await shop.salvage.since(shop.backup));
      expect(changes.tables).toMatchObject([{ table: "customers", written: 6, migration: 40 }]);
      const kept = await shop.putBack();
      const { of } = await verdictsOf(shop, kept);
      expect(of("customers")).toMatchObject({
        verdicts: { insert: 1, same: 5 },
        migration: 40,
        homeless: [{ column: "phone", values: 6 }],
      });
      const done = good(await shop.salvage.replay(op("salvage"), kept, everything));
      expect(done.parked).toBe(6);
      expect(await shop.sql("SELECT count(*), max(version) FROM customers")).toBe("201|1");
      expect(
        await shop.sql(
          "SELECT count(*) FROM lastgood.parked WHERE relation = 'customers' AND content ->> 'phone' LIKE '0%'",
        ),
      ).toBe("6");
    },
    patience,
  );

  test(
    "a migration that updates every row, and three rows that users wrote after it: exactly these three come",
    async () => {
      const shop = await makeShop(server);
      await shop.migrate("ALTER TABLE customers ADD phone text; UPDATE customers SET version = version + 1");
      await shop.sql(`INSERT INTO customers(email) VALUES('p@example.org');
        UPDATE customers SET name = 'Changed' WHERE id = 7; INSERT INTO orders(customer_id) VALUES(8)`);
      expect(good(await shop.salvage.since(shop.backup))).toMatchObject({
        tables: [
          { table: "customers", written: 2, migration: 199 },
          { table: "orders", written: 1, migration: 0 },
        ],
      });
      const kept = await shop.putBack();
      const { of, found } = await verdictsOf(shop, kept);
      expect(of("customers")?.verdicts).toEqual({ insert: 1, update: 1 });
      expect(of("orders")?.verdicts).toEqual({ insert: 1 });
      expect(found.tables.length).toBe(2);
    },
    patience,
  );

  test(
    "beside a serving app, and for an older backup, rows of a migration may be a user's: they are said to be doubtful",
    async () => {
      const shop = await makeShop(server);
      const first = "UPDATE customers SET version = 2 WHERE id <= 10";
      await shop.migrate(first, { alone: false });
      expect(good(await shop.salvage.since(shop.backup)).gaps.join()).toMatch(/among the 10 rows/);
      await shop.sql("UPDATE customers SET name = 'Changed' WHERE id = 50");
      await shop.migrate("UPDATE customers SET version = 3 WHERE id > 40", { restorePoint: "another" });
      const { tables } = good(await shop.salvage.since(shop.backup));
      expect(tables).toMatchObject([{ table: "customers", written: 0, migration: 170 }]);
      const kept = await shop.putBack();
      expect((await verdictsOf(shop, kept)).of("customers")?.verdicts).toEqual({ doubtful: 170 });
    },
    patience,
  );

  test(
    "in a table that the migration rewrote, what users wrote just before it is said to be doubtful and can come too",
    async () => {
      const shop = await makeShop(server);
      await shop.sql("INSERT INTO orders(customer_id) VALUES(5)");
      await shop.migrate("ALTER TABLE orders ALTER id TYPE numeric(20)", { alone: false });
      await shop.sql("INSERT INTO orders(id, customer_id) VALUES(900, 6)");
      expect(good(await shop.salvage.since(shop.backup)).gaps.join()).toMatch(/orders: among the 301 rows/);
      const kept = await shop.putBack();
      const { of, found } = await verdictsOf(shop, kept);
      expect(of("orders")?.verdicts).toMatchObject({ insert: 1, doubtful: 1 });
      expect(found.gaps.join()).toMatch(/--doubtful/);
      good(await shop.salvage.replay(op("salvage"), kept, { ...everything, doubtful: true }));
      expect(await shop.sql("SELECT customer_id FROM orders WHERE id > 300 ORDER BY id")).toBe("5\n6");
    },
    patience,
  );

  test(
    "a table that only the newer schema has is parked whole",
    async () => {
      const shop = await makeShop(server);
      await shop.migrate(
        "CREATE TABLE wishes(id int PRIMARY KEY, text text); INSERT INTO wishes VALUES(1, 'by the migration')",
      );
      await shop.sql("INSERT INTO wishes VALUES(2, 'by a user')");
      const kept = await shop.putBack();
      const { of } = await verdictsOf(shop, kept);
      expect(of("wishes")?.homeless).toEqual([{ column: null, values: 1 }]);
      good(await shop.salvage.replay(op("salvage"), kept, everything));
      expect(await shop.sql("SELECT content ->> 'text' FROM lastgood.parked")).toBe("by a user");
    },
    patience,
  );

  test(
    "conflicts are named with their keys and stay, everything else comes",
    async () => {
      const shop = await makeShop(server);
      await shop.migrate(
        "ALTER TABLE customers ALTER email DROP NOT NULL; ALTER TABLE order_lines DROP CONSTRAINT order_lines_pieces_check; ALTER TABLE categories ALTER title TYPE varchar(99)",
      );
      await shop.sql(`INSERT INTO customers(email, name) VALUES('taken@example.org', 'first');
        INSERT INTO customers(email, name) VALUES(NULL, 'has no address');
        INSERT INTO orders(customer_id) VALUES(201), (202), (3);
        INSERT INTO order_lines VALUES(301, 1, NULL, 1), (303, 1, NULL, 0), (303, 2, NULL, 4);
        UPDATE customers SET name = 'kept' WHERE id = 12;
        DELETE FROM addresses WHERE customer_id = 150; DELETE FROM payments WHERE order_id = 149; DELETE FROM order_lines WHERE order_id = 149;
        DELETE FROM orders WHERE id = 149; DELETE FROM customers WHERE id = 150`);
      const kept = await shop.putBack();
      await shop.sql(`INSERT INTO customers(id, email) VALUES(999, 'taken@example.org');
        UPDATE customers SET name = 'live' WHERE id = 12; INSERT INTO orders(id, customer_id) VALUES(990, 150)`);
      const { of } = await verdictsOf(shop, kept);
      expect(of("customers")?.conflicts).toEqual(
        expect.arrayContaining([
          { why: "unique-taken", rows: 1, keys: ["(201)"] },
          { why: "does-not-fit", rows: 1, keys: ["(202)"] },
          { why: "both-changed", rows: 1, keys: ["(12)"] },
          { why: "still-used", rows: 1, keys: ["(150)"] },
        ]),
      );
      expect(of("orders")).toMatchObject({
        verdicts: { insert: 1, delete: 1, "parent-missing": 2 },
        conflicts: [{ why: "parent-missing", rows: 2, keys: ["(301)", "(302)"] }],
      });
      expect(of("order_lines")?.verdicts).toMatchObject({
        insert: 1,
        delete: 1,
        "parent-missing": 1,
        "does-not-fit": 1,
      });
      good(await shop.salvage.replay(op("salvage"), kept, everything));
      expect(await shop.sql("SELECT name FROM customers WHERE id = 12")).toBe("live");
      expect(await shop.sql("SELECT count(*) FROM orders WHERE id = 303")).toBe("1");
      expect(await shop.sql("SELECT line FROM order_lines WHERE order_id = 303")).toBe("2");
      good(await shop.salvage.replay(op("more"), kept, { ...everything, overwrite: true }));
      expect(await shop.sql("SELECT name FROM customers WHERE id = 12")).toBe("kept");
    },
    patience,
  );

  test(
    "only what is picked comes, and children of what is not picked stay too",
    async () => {
      const shop = await makeShop(server);
      await shop.sql(
        "INSERT INTO customers(email) VALUES('a@example.org'); INSERT INTO orders(customer_id) VALUES(201), (7)",
      );
      await shop.sql(
        "UPDATE customers SET name = 'changed' WHERE id = 3; DELETE FROM addresses WHERE id = 4",
      );
      const kept = await shop.putBack();
      const pick = { ...everything, tables: ["orders", "addresses"], kinds: ["insert"] as const };
      const done = good(await shop.salvage.replay(op("salvage"), kept, pick));
      const by = new Map(done.tables.map(({ table, verdicts }) => [table, verdicts]));
      expect(by.get("orders")).toEqual({ insert: 1, "parent-missing": 1 });
      expect(by.get("customers")).toEqual({ left: 2 });
      expect(by.get("addresses")).toEqual({ left: 1 });
      expect(await shop.sql("SELECT count(*) FROM orders")).toBe("301");
    },
    patience,
  );

  test(
    "triggers of the app rest while rows come back, and fire again afterwards",
    async () => {
      const shop = await makeShop(server);
      const kept = await (async () => {
        await shop.sql("INSERT INTO customers(email, name) VALUES('t@example.org', 'fact')");
        return shop.putBack();
      })();
      await shop.sql(`CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := 'trigger'; RETURN NEW; END $$;
        CREATE TRIGGER stamps BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION stamp()`);
      good(await shop.salvage.replay(op("salvage"), kept, everything));
      expect(await shop.sql("SELECT name FROM customers WHERE id = 201")).toBe("fact");
      await shop.sql("INSERT INTO customers(email, name) VALUES('u@example.org', 'x')");
      expect(await shop.sql("SELECT name FROM customers WHERE email = 'u@example.org'")).toBe("trigger");
    },
    patience,
  );

  test(
    "an older controller is refused",
    async () => {
      const shop = await makeShop(server);
      const kept = await shop.putBack();
      good(await shop.salvage.replay(op("younger", 5), kept, everything));
      expect(bad(await shop.salvage.replay(op("older", 4), kept, everything)).code).toBe("fenced");
    },
    patience,
  );
});
