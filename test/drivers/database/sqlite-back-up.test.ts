import { existsSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { limits } from "../../../src/core/limits.ts";
import { ok, problem, type Result } from "../../../src/core/result.ts";
import type { Database } from "../../../src/ports/database.ts";
import { bad, good, makeSite, op, type Site, sql, startApp, value } from "./bed.ts";
import { flipBytes } from "./damage.ts";

const money = `
  CREATE TABLE credit(id INTEGER PRIMARY KEY, amount INTEGER); CREATE TABLE debit(id INTEGER PRIMARY KEY, amount INTEGER);
  CREATE TABLE sent(amount INTEGER); CREATE TABLE received(amount INTEGER); CREATE TABLE filler(bytes BLOB);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO credit SELECT i, 1000 FROM n;
  INSERT INTO debit SELECT id, 1000 FROM credit;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24) INSERT INTO filler SELECT randomblob(1000000) FROM n;`;

test.each(["wal", "delete"])(
  "a backup under steady writes holds one moment, in journal mode %s",
  async (journal) => {
    const site = await makeSite();
    sql(site.file, money);
    const app = await startApp(site.file, { journal });
    await app.ask({ do: "flood" });
    const database = site.open();
    for (const name of ["one", "two"]) {
      const { id, rows } = good(await database.backUp(op(name), "flood"));
      const copy = join(site.backupDir, `${id}.sqlite`);
      expect(rows["sent"]).toBe(rows["received"]);
      expect(value(copy, "SELECT sum(amount) FROM credit")).toBe(1_000_000 - (await sum(copy, "sent")));
      expect(value(copy, "SELECT sum(amount) FROM debit")).toBe(1_000_000 + (await sum(copy, "received")));
      good(await database.rehearse(id));
    }
    // The writer was never refused: it would have ended with its first error.
    expect(await app.ask({ do: "calm" })).toBeGreaterThan(0);
    expect(
      await app.ask({
        do: "query",
        sql: "SELECT (SELECT count(*) FROM sent) = (SELECT count(*) FROM received)",
      }),
    ).toBe(1);
  },
);

test("a backup that was damaged since is made anew by the same op", async () => {
  const { site, database } = await withRows(10);
  const first = good(await database.backUp(op("a"), "nightly"));
  flipBytes(dataOf(site, first.id), [5000]);
  sql(site.file, "INSERT INTO t VALUES(11)");
  const second = good(await database.backUp(op("a"), "nightly"));
  expect(second.rows).toEqual({ t: 11 });
  good(await database.rehearse(second.id));
});

test("half a backup does not exist, and the next backup clears it away", async () => {
  const { site, database } = await withRows(3);
  good(await database.backUp(op("a"), "nightly"));
  writeFileSync(join(site.backupDir, "nightly-op-b.sqlite.part"), "half");
  writeFileSync(join(site.backupDir, "nightly-op-c.sqlite"), "no manifest");
  writeFileSync(join(site.backupDir, "nightly-op-d.json"), '{"version":1,"id":"nightly-op-d"');
  expect(good(await database.backups()).map((one) => one.id)).toEqual(["nightly-op-a"]);
  good(await database.backUp(op("c"), "nightly"));
  expect(existsSync(join(site.backupDir, "nightly-op-b.sqlite.part"))).toBe(false);
  expect(good(await database.backups()).map((one) => one.id)).toEqual(["nightly-op-c", "nightly-op-a"]);
});

test("only the owner can read a backup, and the folder holds nothing else than backups", async () => {
  const { site, database } = await withRows(3);
  good(await database.backUp(op("a"), "nightly"));
  expect(readdirSync(site.backupDir)).toEqual([".epoch", "nightly-op-a.json", "nightly-op-a.sqlite"]);
  for (const name of readdirSync(site.backupDir))
    expect(statSync(join(site.backupDir, name)).mode & 0o077).toBe(0);
});

test("the newest stay, and among the older the newest that a rehearsal proved", async () => {
  const { site } = await withRows(1);
  const database = site.open({}, 2);
  for (const name of ["a", "b", "c"]) {
    good(await database.backUp(op(name), "nightly"));
    if (name === "b") good(await database.rehearse("nightly-op-b"));
  }
  good(await database.backUp(op("d"), "nightly"));
  good(await database.backUp(op("e"), "nightly"));
  const left = good(await database.backups()).map((one) => one.op);
  expect(left).toEqual(["op-e", "op-d", "op-b"]);
  expect(readdirSync(site.backupDir).filter((name) => name.endsWith(".sqlite"))).toHaveLength(3);
});

test("a damaged backup does not push out a good one", async () => {
  const { site } = await withRows(1);
  const database = site.open({}, 1);
  good(await database.backUp(op("a"), "nightly"));
  truncateSync(dataOf(site, "nightly-op-a"), 1000);
  const replace = async () => problem("read-only", "no writes today", "wait");
  const failing = site.open({ files: { ...site.deps.files, replace } }, 1);
  expect((await failing.backUp(op("b"), "nightly")).ok).toBe(false);
  expect(good(await database.backups()).map((one) => one.damaged)).toEqual([
    expect.stringContaining("1000 bytes"),
  ]);
  good(await database.backUp(op("c"), "nightly"));
  expect(good(await database.backups()).filter((one) => one.damaged === undefined)).toHaveLength(1);
});

test("too little space is said with both numbers, before anything is copied", async () => {
  const { site, database } = await withRows(3);
  good(await database.backUp(op("a"), "nightly"));
  const files = site.deps.files;
  const full = site.open({
    files: {
      ...files,
      stat: async (path) => {
        const stat = await files.stat(path);
        return stat.ok && stat.value ? ok({ ...stat.value, freeBytes: 5_000 }) : stat;
      },
    },
  });
  const refused = bad(await full.backUp(op("b"), "nightly"));
  expect(refused.code).toBe("no-space");
  expect(refused.what).toContain("5000 bytes free");
  expect(refused.what).toContain(String(Math.ceil(statSync(site.file).size * 1.3) + limits.journalFreeBytes));
  expect(bad(await full.rehearse("nightly-op-a")).code).toBe("no-space");
  expect(bad(await full.restore(op("c"), "nightly-op-a")).code).toBe("no-space");
  expect(good(await database.backups())).toHaveLength(1);
});

test("a missing database, a file that is none, and a label that is taken are said as such", async () => {
  const site = await makeSite();
  const database = site.open();
  for (const refused of await askAll(database)) {
    expect(bad(refused)).toMatchObject({
      code: "missing",
      next: expect.stringContaining("restore a backup"),
    });
  }
  expect(existsSync(site.file)).toBe(false);
  writeFileSync(site.file, "this is no database at all".repeat(100));
  for (const refused of await askAll(database)) {
    expect(bad(refused)).toMatchObject({ code: "damaged", what: expect.stringContaining("not a database") });
  }
  expect(bad(await database.backUp(op("a"), "before")).code).toBe("usage");
  expect(good(await database.backups())).toEqual([]);
});

test("a damaged database is refused, and nothing is left behind", async () => {
  const { site, database } = await withRows(5_000);
  flipBytes(site.file, [8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199]);
  expect(bad(await database.backUp(op("a"), "nightly")).code).toBe("damaged");
  expect(readdirSync(site.backupDir)).toEqual([".epoch"]);
});

test("labels become file names whatever is in them", async () => {
  const { database } = await withRows(1);
  const { id } = good(await database.backUp(op("a"), "before-feature/x y"));
  expect(id).toBe("before-feature_x_y-op-a");
  good(await database.rehearse(id));
});

test("an app that holds its database exclusively makes a backup busy, not wrong", async () => {
  const site = await makeSite();
  const app = await startApp(site.file, { locking: "exclusive" });
  await app.ask({ do: "write", rows: 1 });
  const refused = bad(await site.open().backUp(op("a"), "nightly"));
  expect(refused.code).toBe("busy");
  expect(refused.next).toContain("locking_mode=EXCLUSIVE");
  await app.stop();
  expect(good(await site.open().backUp(op("a"), "nightly")).rows).toEqual({ orders: 1 });
});

test("rows of an app that was killed are in the backup, and it can start again", async () => {
  const site = await makeSite();
  const app = await startApp(site.file);
  await app.ask({ do: "write", rows: 7 });
  await app.kill();
  expect(existsSync(`${site.file}-wal`)).toBe(true);
  expect(good(await site.open().backUp(op("a"), "nightly")).rows).toEqual({ orders: 7 });
  const next = await startApp(site.file);
  expect(await next.ask({ do: "query", sql: "SELECT count(*) FROM orders" })).toBe(7);
});

test("a backup that is called off in the middle leaves nothing", async () => {
  const site = await makeSite();
  sql(site.file, money);
  const stop = new AbortController();
  const running = site.open().backUp({ ...op("a"), signal: stop.signal }, "nightly");
  while (
    !readdirSync(site.folder).includes("backups") ||
    !readdirSync(site.backupDir).some((name) => name.endsWith(".part"))
  )
    await new Promise((resolve) => setImmediate(resolve));
  stop.abort();
  expect(bad(await running).code).toBe("cancelled");
  expect(readdirSync(site.backupDir)).toEqual([".epoch"]);
});

async function withRows(rows: number) {
  const site = await makeSite();
  sql(
    site.file,
    `CREATE TABLE t(a); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO t SELECT i FROM n`,
  );
  return { site, database: site.open() };
}

async function askAll(database: Database): Promise<readonly Result<unknown>[]> {
  return [await database.backUp(op("a"), "x"), await database.marker(), await database.position()];
}

function dataOf(site: Site, id: string): string {
  return join(site.backupDir, `${id}.sqlite`);
}

async function sum(file: string, table: string): Promise<number> {
  return Number(value(file, `SELECT coalesce(sum(amount), 0) FROM ${table}`));
}
