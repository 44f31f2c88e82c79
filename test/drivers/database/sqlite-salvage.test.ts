import { expect, test } from "vitest";
import { pickAll } from "../../../src/core/salvage/verdict.ts";
import { sqliteSalvage } from "../../../src/drivers/database/sqlite/salvage.ts";
import { makeTurns } from "../../../src/drivers/database/turns.ts";
import { good, makeSite, op, sql, value } from "./bed.ts";

const tables = `CREATE TABLE customers(id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT);
  CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(id), body TEXT);
  CREATE TABLE notes(body TEXT);
  INSERT INTO customers VALUES(1,'a','A'),(2,'b','B'),(3,'c','C'),(4,'d','D');
  INSERT INTO orders VALUES(1,1,'one'),(2,2,'two'),(3,3,'three');`;

async function bed(written: string, live = "") {
  const site = await makeSite();
  sqlNew(site.file, tables);
  const database = site.open();
  const backup = good(await database.backUp(op("backup"), "nightly")).id;
  sql(site.file, written);
  const config = { file: site.file, backupDir: site.backupDir, keep: 5 };
  const salvage = sqliteSalvage({ ...site.deps, config }, makeTurns());
  const since = good(await salvage.since(backup));
  const { kept } = good(await database.restore(op("back"), backup));
  if (live !== "") sql(site.file, live);
  return { ...site, salvage, since, kept: { id: kept, from: backup } };
}

function sqlNew(file: string, text: string): void {
  sql(file, `PRAGMA journal_mode=WAL; ${text}`);
}

const written = `INSERT INTO customers VALUES(5,'e','E'); INSERT INTO orders VALUES(4,5,'new'),(5,1,'more');
  UPDATE customers SET name = 'AA' WHERE id = 1; DELETE FROM orders WHERE id = 3; DELETE FROM customers WHERE id IN (3, 4)`;

test("what was written since a backup is told by key", async () => {
  const { since } = await bed(written);
  expect(since.tables).toMatchObject([
    { table: "customers", inserted: 1, updated: 1, deleted: 2 },
    { table: "orders", inserted: 2, updated: 0, deleted: 1 },
  ]);
  expect(since.gaps.join()).toContain("notes");
});

test("all of it comes back, a look changes nothing, and the same op again does nothing", async () => {
  const { file, salvage, kept } = await bed(written);
  const seen = good(await salvage.look(kept, pickAll));
  expect(seen.tables).toMatchObject([
    { table: "customers", verdicts: { insert: 1, update: 1, delete: 2 } },
    { table: "orders", verdicts: { insert: 2, delete: 1 } },
  ]);
  expect(value(file, "SELECT count(*) FROM orders")).toBe(3);
  const done = good(await salvage.replay(op("salvage"), kept, pickAll));
  expect(value(file, "SELECT group_concat(id || email || name) FROM customers")).toBe("1aAA,2bB,5eE");
  expect(value(file, "SELECT group_concat(id || body) FROM orders")).toBe("1one,2two,4new,5more");
  expect(good(await salvage.replay(op("salvage"), kept, pickAll))).toEqual({ ...done, before: true });
  expect(good(await salvage.look(kept, pickAll)).tables).toEqual([]);
});

test("conflicts stay and are named; the app's triggers rest and are there again", async () => {
  const { file, salvage, kept } = await bed(
    written,
    `INSERT INTO customers VALUES(9,'e','taken'); UPDATE customers SET name = 'live' WHERE id = 1; INSERT INTO orders VALUES(8,4,'new child');
     CREATE TRIGGER t AFTER INSERT ON orders BEGIN INSERT INTO notes VALUES('fired'); END`,
  );
  const done = good(await salvage.replay(op("salvage"), kept, pickAll));
  expect(done.tables[0]?.conflicts).toEqual([
    { why: "both-changed", rows: 1, keys: ["(1)"] },
    { why: "unique-taken", rows: 1, keys: ["(5)"] },
    { why: "still-used", rows: 1, keys: ["(4)"] },
  ]);
  expect(done.tables[1]).toMatchObject({ verdicts: { insert: 1, delete: 1, "parent-missing": 1 } });
  expect(value(file, "SELECT count(*) FROM notes")).toBe(0);
  sql(file, "INSERT INTO orders VALUES(50,1,'later')");
  expect(value(file, "SELECT count(*) FROM notes")).toBe(1);
});

test("values without a column are parked", async () => {
  const { file, salvage, kept } = await bed(
    "ALTER TABLE customers ADD phone TEXT; UPDATE customers SET phone = '077', name = 'x' WHERE id = 2",
  );
  expect(good(await salvage.replay(op("salvage"), kept, pickAll)).parked).toBe(1);
  expect(value(file, "SELECT relation || row_key || name || value FROM _lastgood_parked")).toBe(
    "customers(2)phone077",
  );
});
