import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import fc from "fast-check";
import { expect, test } from "vitest";
import { good, makeSite, op, type Site, sql, value } from "./bed.ts";

test("positions are equal exactly where the stored values are, whatever their types", async () => {
  const site = await makeSite();
  const database = site.open();
  sql(site.file, "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)");
  const seen = new Map<string, string>();
  const cell = fc.oneof(
    fc.constantFrom<SQLInputValue>(
      null,
      0,
      1,
      -1,
      1.5,
      0.1 + 0.2,
      0.3,
      5e-324,
      1e300,
      2n ** 62n,
      "",
      "1",
      "1.0",
      "31",
    ),
    fc.constantFrom<SQLInputValue>(
      "NULL",
      "'1'",
      "a,b",
      "a\nb",
      "a\0b",
      "a\0c",
      "é",
      "ß",
      Buffer.from("31"),
      Buffer.from([0, 255]),
    ),
    fc.double({ noNaN: true }),
    fc.string(),
    fc.uint8Array({ maxLength: 8 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(cell, cell), { maxLength: 3 }), async (rows) => {
      store(site, rows);
      const position = good(await database.position());
      const exact = stored(site);
      const known = seen.get(position);
      expect(known ?? exact).toBe(exact);
      expect(good(await database.position())).toBe(position);
      seen.set(position, exact);
    }),
    { numRuns: 150, seed: Number(process.env["LASTGOOD_SEED"] ?? 1) },
  );
});

test("values that look alike have positions of their own", async () => {
  const site = await makeSite();
  sql(site.file, "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)");
  const alike: readonly SQLInputValue[] = [
    null,
    "NULL",
    1n,
    1.5,
    "1",
    "1.5",
    Buffer.from("1"),
    "31",
    Buffer.from("31"),
    "'1'",
  ];
  const more: readonly SQLInputValue[] = [
    "a",
    "a\0",
    "a\0b",
    "A",
    "",
    Buffer.alloc(0),
    2n ** 53n,
    2n ** 53n + 1n,
    "t31",
    "b31",
  ];
  const positions = new Set<string>();
  for (const one of [...alike, ...more]) {
    for (const row of [
      [one, null],
      [null, one],
    ] as const) {
      store(site, [row]);
      positions.add(good(await site.open().position()));
    }
  }
  expect(positions.size).toBe(2 * (alike.length + more.length) - 1); // null beside null is one and the same
});

test.each([
  ["an update that keeps the number of rows", "UPDATE t SET a = 'other' WHERE id = 3"],
  ["a new column", "ALTER TABLE t ADD COLUMN c"],
  ["a new, empty table", "CREATE TABLE u(a)"],
  ["an index", "CREATE INDEX i ON t(a)"],
  ["a row of a table without rowids", "INSERT INTO w VALUES('z', 1)"],
  ["a row in a full-text index", "INSERT INTO words VALUES('hello')"],
  ["an invalid text that reads like another one", "UPDATE t SET a = CAST(x'fe' AS TEXT) WHERE id = 2"],
])("a position notices %s", async (_what, change) => {
  const site = await makeSite();
  sql(site.file, manyKinds);
  const before = good(await site.open().position());
  sql(site.file, change);
  expect(good(await site.open().position())).not.toBe(before);
});

test.each([
  ["a checkpoint", "PRAGMA journal_mode=wal; PRAGMA wal_checkpoint(TRUNCATE)"],
  ["another journal mode", "PRAGMA journal_mode=wal"],
  ["statistics for the planner", "ANALYZE"],
  ["a vacuum", "VACUUM"],
])("a position does not take %s for a write", async (_what, change) => {
  const site = await makeSite();
  sql(site.file, manyKinds);
  const before = good(await site.open().position());
  sql(site.file, change);
  expect(good(await site.open().position())).toBe(before);
});

test("a position from a large database in the worker thread is the same as from a small one", async () => {
  const site = await makeSite();
  sql(site.file, `${manyKinds}; CREATE TABLE filler(b)`);
  const before = good(await site.open().position());
  sql(site.file, "INSERT INTO filler VALUES(zeroblob(6000000)); DELETE FROM filler");
  expect(value(site.file, "PRAGMA page_count")).toBeGreaterThan(1_000);
  expect(good(await site.open().position())).toBe(before);
});

test("where the content is not read, no two positions are equal", async () => {
  const site = await makeSite();
  sql(site.file, "PRAGMA encoding='UTF-16'; CREATE TABLE t(a); INSERT INTO t VALUES('x')");
  const [one, two] = [site.open(), site.open()];
  const positions = [
    await one.position(),
    await one.position(),
    await two.position(),
    await two.position(),
  ].map(good);
  expect(new Set(positions).size).toBe(4);
  for (const position of positions) expect(position).toMatch(/^unread-/);
  // All else works as ever.
  const { id, rows } = good(await one.backUp(op("a"), "nightly"));
  expect(rows).toEqual({ t: 1 });
  expect(good(await one.rehearse(id)).losses).toEqual([]);
  good(await one.restore(op("b"), id));
});

test("a database larger than the limit is not read row by row", async () => {
  const site = await makeSite();
  sql(site.file, "CREATE TABLE t(a); INSERT INTO t VALUES(zeroblob(140000000))");
  expect(good(await site.open().position())).toMatch(/^unread-/);
});

test("a backup counts the app's own tables, and tells no tables of SQLite or of ours", async () => {
  const site = await makeSite();
  sql(site.file, manyKinds);
  const database = site.open();
  const { id, rows } = good(await database.backUp(op("a"), "nightly"));
  expect(rows).toEqual({ t: 3, w: 2, 'odd "name"': 1 });
  good(await database.restore(op("b"), id));
  expect(good(await database.backUp(op("c"), "nightly")).rows).toEqual(rows);
  expect(value(site.file, "SELECT count(*) FROM words WHERE words MATCH 'quick'")).toBe(1);
});

test("rows that were changed or deleted since are told as losses, untouched tables are not", async () => {
  const site = await makeSite();
  sql(site.file, manyKinds);
  const database = site.open();
  const { id } = good(await database.backUp(op("a"), "nightly"));
  sql(
    site.file,
    `UPDATE t SET a = 'other' WHERE id = 1; DELETE FROM w; CREATE TABLE u(a); INSERT INTO u VALUES(1), (2)`,
  );
  const losses = good(await database.rehearse(id)).losses.map(Object.values);
  expect(losses).toEqual([
    ["t", 3, 3],
    ["u", 0, 2],
    ["w", 2, 0],
  ]);
});

test("a schema with functions that only the app has is backed up, and its pages are still checked", async () => {
  const site = await makeSite();
  const db = new DatabaseSync(site.file);
  db.function("even", { deterministic: true }, (n) => Number(n) % 2);
  db.exec("CREATE TABLE t(a CHECK(even(a) = 0)); CREATE INDEX i ON t(even(a)); INSERT INTO t VALUES(2), (4)");
  db.close();
  const database = site.open();
  const { id, rows } = good(await database.backUp(op("a"), "nightly"));
  expect(rows).toEqual({ t: 2 });
  good(await database.rehearse(id));
  good(await database.restore(op("b"), id));
  expect(value(site.file, "SELECT sum(a) FROM t")).toBe(6);
});

test("rows that break a foreign key are carried along, because the app lives with them", async () => {
  const site = await makeSite();
  const db = new DatabaseSync(site.file, { enableForeignKeyConstraints: false });
  db.exec(
    "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id)); INSERT INTO c VALUES(7)",
  );
  db.close();
  const database = site.open();
  const { id } = good(await database.backUp(op("a"), "nightly"));
  good(await database.rehearse(id));
  good(await database.restore(op("b"), id));
});

const manyKinds = `
  CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a, g AS (id * 2)); INSERT INTO t(a) VALUES('one'), (CAST(x'ff' AS TEXT)), (3);
  CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO w VALUES('a', 1), ('b', 2);
  CREATE TABLE "odd ""name"""("c,""1" INTEGER); INSERT INTO "odd ""name""" VALUES(1);
  CREATE VIEW v AS SELECT a FROM t;
  CREATE VIRTUAL TABLE words USING fts5(body); INSERT INTO words VALUES('the quick brown fox');`;

function store(site: Site, rows: readonly (readonly [SQLInputValue, SQLInputValue])[]): void {
  const db = new DatabaseSync(site.file);
  db.exec("DELETE FROM t");
  const insert = db.prepare("INSERT INTO t(a, b) VALUES(?, ?)");
  for (const [a, b] of rows) insert.run(a, b);
  db.close();
}

/** Every value with its type and its bytes, by another way than the driver's. */
function stored(site: Site): string {
  const db = new DatabaseSync(site.file);
  const query = db.prepare(
    "SELECT id, typeof(a), CAST(a AS BLOB), printf('%!.20e', a), typeof(b), CAST(b AS BLOB), printf('%!.20e', b) FROM t ORDER BY id",
  );
  const all = query
    .all()
    .map((row) =>
      Object.values(row).map((one) => (one instanceof Uint8Array ? Buffer.from(one).toString("hex") : one)),
    );
  db.close();
  return JSON.stringify(all);
}
