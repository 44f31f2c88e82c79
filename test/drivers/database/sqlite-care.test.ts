// What a SQLite database's backups need beside taking them: since, verify, questions, files from elsewhere, a second place.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { Result } from "../../../src/core/result.ts";
import { sqliteWithCare } from "../../../src/drivers/database/sqlite/sqlite.ts";
import { makeSite, op } from "./bed.ts";
import { localShelf, placeOn } from "./second-place-bed.ts";

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error.what);
  return result.value;
}

async function bed(also = { daily: 0, weekly: 0, monthly: 0 }) {
  const site = await makeSite();
  mkdirSync(site.backupDir);
  const sql = (text: string, file = site.file) => {
    const db = new DatabaseSync(file);
    db.exec(text);
    db.close();
  };
  sql("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO items VALUES (1,'a'),(2,'b')");
  const made = sqliteWithCare({ file: site.file, backupDir: site.backupDir, keep: 3, also }, site.deps);
  return { ...site, ...made, sql };
}

test("what was written since is told without restoring: more, fewer, and changed in place", async () => {
  const { database, care, sql } = await bed();
  const backup = value(await database.backUp(op("one"), "nightly"));
  expect(value(await care.since(backup.id))).toEqual({ written: [], gaps: [] });
  sql("UPDATE items SET name = 'x' WHERE id = 1; CREATE TABLE more (n); INSERT INTO more VALUES (1),(2),(3)");
  expect(value(await care.since(backup.id)).written).toEqual([
    { table: "more", rows: 3, what: "3 rows more (0 then, 3 now)" },
    { table: "items", rows: null, what: "2 rows then and now, some of them changed" },
  ]);
});

test("of a kept database: what was written since it was replaced, which its way back takes away", async () => {
  const { database, care, sql } = await bed();
  const backup = value(await database.backUp(op("one"), "nightly"));
  sql("INSERT INTO items VALUES (3,'c'),(4,'d'),(5,'e')");
  const { kept } = value(await database.restore(op("two"), backup.id));
  expect(value(await care.since(kept)).written).toEqual([]);
  sql("INSERT INTO items VALUES (9,'new')");
  expect(value(await care.since(kept)).written).toEqual([
    { table: "items", rows: 1, what: "1 rows more (2 then, 3 now)" },
  ]);
});

test("verify reads every byte: one bit is found, and a file that is cut off", async () => {
  const { database, care, backupDir } = await bed();
  const backup = value(await database.backUp(op("one"), "nightly"));
  expect((await care.verify(backup.id)).ok).toBe(true);
  const file = join(backupDir, `${backup.id}.sqlite`);
  const bytes = readFileSync(file);
  bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  expect(await care.verify(backup.id)).toMatchObject({ ok: false, error: { code: "damaged" } });
  writeFileSync(file, bytes.subarray(0, 100));
  expect(await care.verify(backup.id)).toMatchObject({ ok: false, error: { code: "damaged" } });
});

test("questions are answered from one moment, none can write, and a wrong one spoils no other", async () => {
  const { care, sql, file } = await bed();
  const queries = [
    "SELECT count(*) FROM items",
    "SELECT count(*) FROM nowhere",
    "SELECT 1, 2",
    "DELETE FROM items RETURNING 1",
    "SELECT NULL",
  ];
  const answers = value(await care.ask(queries));
  expect(answers.map((one) => (one.ok ? one.value : one.error.what))).toEqual([
    2,
    "no such table: nowhere",
    "it answered 1 rows of 2 values, and one value is right",
    expect.stringMatching(/readonly|read-only/),
    null,
  ]);
  rmSync(file);
  expect(await care.ask(queries)).toMatchObject({ ok: false, error: { code: "missing" } });
  sql("SELECT 1");
});

test("a drill asks the restored copy, not the live database", async () => {
  const { database, sql } = await bed();
  const backup = value(await database.backUp(op("one"), "nightly"));
  sql("DELETE FROM items");
  const seen: unknown[] = [];
  await database.rehearse(backup.id, async (copy) => {
    for (const one of value(await copy(["SELECT count(*) FROM items"]))) seen.push(one.ok && one.value);
  });
  expect(seen).toEqual([2]);
});

test("a file from elsewhere becomes a backup, once for an op; with a -wal beside it or no database it does not", async () => {
  const { database, care, folder, sql, backupDir } = await bed();
  const elsewhere = join(folder, "from the old server.db");
  sql("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO items VALUES (7,'z')", elsewhere);
  const taken = value(await care.intake(op("one"), elsewhere));
  expect(taken).toMatchObject({ id: "from-from_the_old_server.db-op-one", rows: { items: 1 } });
  expect(value(await care.intake(op("one"), elsewhere))).toEqual(taken);
  expect(value(await database.backups()).map((one) => one.id)).toEqual([taken.id]);
  writeFileSync(`${elsewhere}-wal`, "rows");
  expect(await care.intake(op("two"), elsewhere)).toMatchObject({ ok: false, error: { code: "refused" } });
  const text = join(folder, "dump.sql");
  writeFileSync(text, "-- PostgreSQL database dump\n");
  expect(await care.intake(op("three"), text)).toMatchObject({ ok: false, error: { code: "damaged" } });
  expect(await care.intake(op("four"), join(folder, "nothing"))).toMatchObject({
    ok: false,
    error: { code: "missing" },
  });
  expect(readdirSync(backupDir).filter((name) => name.includes(".part"))).toEqual([]);
});

test("copies at the second place are read back, found by sha256sum's own list, and dropped by their own age", async () => {
  const { database, care, folder, backupDir } = await bed();
  const place = join(folder, "second");
  const keep = { newest: 2, daily: 0, weekly: 0, monthly: 0 };
  const second = placeOn(localShelf(place), backupDir, { keep });
  const first = value(await database.backUp(op("one"), "nightly"));
  const filesOf = async (id: string) => value(await care.files(id));
  expect(await second.keep(first, await filesOf(first.id), false)).toMatchObject({
    ok: false,
    error: { code: "missing" },
  });
  mkdirSync(place);
  expect((await second.keep(first, await filesOf(first.id), true)).ok).toBe(true);
  expect(readFileSync(join(place, first.id, "SHA256SUMS"), "utf8")).toContain(
    `${first.sha256}  ${first.id}.sqlite`,
  );
  for (const name of ["two", "three", "four"]) {
    const next = value(await database.backUp(op(name), "nightly"));
    expect((await second.keep(next, await filesOf(next.id), false)).ok).toBe(true);
  }
  // The newest two, and the one that a drill proved.
  expect(readdirSync(place).sort()).toEqual([`nightly-op-four`, `nightly-op-one`, `nightly-op-three`]);
});

test("a copy that broke off is made anew", async () => {
  const { database, care, folder, backupDir } = await bed();
  const place = join(folder, "second");
  const backup = value(await database.backUp(op("one"), "nightly"));
  mkdirSync(join(place, backup.id), { recursive: true });
  writeFileSync(join(place, backup.id, `${backup.id}.sqlite`), "half of it");
  const keep = { newest: 2, daily: 0, weekly: 0, monthly: 0 };
  const files = value(await care.files(backup.id));
  const second = placeOn(localShelf(place), backupDir, { keep });
  expect((await second.keep(backup, files, false)).ok).toBe(true);
  const sums = readFileSync(join(place, backup.id, "SHA256SUMS"), "utf8");
  expect(sums).toContain(backup.sha256);
});
