import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { backedUp, everything, left, rows } from "./backed.ts";
import { bad, good, op, sql } from "./bed.ts";
import { damageAtRandom, flipBytes, seeded } from "./damage.ts";

test("somebody who has a damaged file open when it is replaced is named, because SQLite can't stop them", async () => {
  const site = await backedUp();
  writeFileSync(site.file, "no database");
  const openedBy = async (path: string) => (path.includes(".before-") ? [77] : []);
  const refused = bad(await site.open({ openedBy }).restore(op("back"), site.backup));
  expect(refused).toMatchObject({ code: "busy", what: expect.stringContaining("process 77 ") });
  expect(good(await site.open().marker())).toBe("op-back");
});

test("a truncated or flipped backup is refused by rehearsal and restore, and nothing changes", async () => {
  const site = await backedUp();
  const database = site.open();
  for (const spoil of [
    (path: string) => flipBytes(path, [4100]),
    (path: string) => truncateSync(path, 4096),
  ]) {
    spoil(join(site.backupDir, `${site.backup}.sqlite`));
    const before = everything(site);
    expect(bad(await database.rehearse(site.backup)).code).toBe("damaged");
    expect(bad(await database.restore(op("back"), site.backup)).code).toBe("damaged");
    expect(everything(site)).toEqual(before);
  }
});

test("a manifest that tells other rows than the file has is refused", async () => {
  const site = await backedUp();
  const path = join(site.backupDir, `${site.backup}.json`);
  writeFileSync(path, readFileSync(path, "utf8").replace('"t": 10', '"t": 11'));
  expect(bad(await site.open().rehearse(site.backup)).what).toContain("table t has 10 rows instead of 11");
});

test("a backup of another app's database is refused with what both have", async () => {
  const site = await backedUp();
  rmSync(site.file);
  sql(site.file, "CREATE TABLE users(id); CREATE TABLE invoices(id)");
  const before = everything(site);
  const refused = bad(await site.open().restore(op("back"), site.backup));
  expect(refused.what).toContain("it has t;");
  expect(refused.what).toContain("has invoices, users");
  expect(everything(site)).toEqual(before);
  expect(good(await site.open().rehearse(site.backup)).losses.map(Object.values)).toEqual([["t", 10, 0]]);
});

test("a file that is no database is replaced and kept, and says that it can't be returned", async () => {
  const site = await backedUp();
  writeFileSync(site.file, "no database at all");
  writeFileSync(`${site.file}-wal`, "something that may still be worth saving");
  const database = site.open();
  const { losses, lossesUnknown } = good(await database.rehearse(site.backup));
  expect([losses, lossesUnknown]).toEqual([[], expect.stringContaining("not a database")]);
  const { kept } = good(await database.restore(op("back"), site.backup));
  expect(left(site)).toEqual([]);
  expect(rows(site)).toBe(10);
  expect(readFileSync(`${site.file}.before-op-back`, "utf8")).toBe("no database at all");
  expect(readFileSync(`${site.file}.before-op-back-wal`, "utf8")).toContain("worth saving");
  expect(good(await database.backups())[0]).toMatchObject({
    id: kept,
    damaged: expect.stringContaining("not a database"),
  });
  expect(bad(await database.restore(op("return"), kept)).code).toBe("damaged");
  expect(rows(site)).toBe(10);
});

test("whatever 40 random damages do to the live file, a restore works and keeps every byte", async () => {
  let refused = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const site = await backedUp(seed % 2 === 0 ? "wal" : "delete");
    const random = seeded(seed);
    damageAtRandom(site.file, random, 1 + Math.floor(random() * 200));
    const bytes = readFileSync(site.file);
    const database = site.open();
    const made = await database.backUp(op("late"), "nightly");
    if (!made.ok) refused++;
    if (!made.ok) expect(made.error.code, `seed ${seed}`).toBe("damaged");
    good(await database.restore(op("back"), site.backup));
    expect(rows(site), `seed ${seed}`).toBe(10);
    expect(left(site), `seed ${seed}`).toEqual([]);
    const kept = readFileSync(`${site.file}.before-op-back`);
    // Leaving WAL mode changes the two version bytes and three counters of the header, nothing else.
    for (const copy of [bytes, kept]) copy.fill(0, 18, 20).fill(0, 24, 28).fill(0, 92, 100);
    expect(kept.equals(bytes), `seed ${seed}`).toBe(true);
  }
  expect(refused).toBeGreaterThan(20);
}, 120_000);

test("a kept database that was damaged later is refused, and the live one stays", async () => {
  const site = await backedUp();
  const database = site.open();
  const { kept } = good(await database.restore(op("back"), site.backup));
  flipBytes(`${site.file}.before-op-back`, [4200]);
  expect(bad(await database.restore(op("return"), kept)).code).toBe("damaged");
  expect(rows(site)).toBe(10);
  expect(good(await database.marker())).toBe("op-back");
});

test("a database that was damaged after its restore does not make the same op run again", async () => {
  const site = await backedUp();
  const database = site.open();
  good(await database.restore(op("back"), site.backup));
  writeFileSync(site.file, "damaged by somebody");
  expect(bad(await database.restore(op("back"), site.backup))).toMatchObject({
    code: "conflict",
    what: expect.stringContaining("op-back replaced the database before"),
  });
  good(await database.restore(op("next"), site.backup));
  expect(rows(site)).toBe(10);
});
