import {
  chmodSync,
  chownSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { ok } from "../../../src/core/result.ts";
import { backedUp, blind, everything, left, rows } from "./backed.ts";
import { bad, good, op, sql, startApp, value } from "./bed.ts";

test("a restore under a running app is busy, names its pid, and changes no byte", async () => {
  const site = await backedUp();
  const app = await startApp(site.file);
  const before = everything(site);
  const copy = () => Promise.reject(new Error("nothing may be copied for a restore that can't be"));
  const database = site.open({ files: { ...site.deps.files, copy } });
  const refused = bad(await database.restore(op("back"), site.backup));
  expect(refused).toMatchObject({ code: "busy", what: expect.stringContaining(`process ${app.pid} `) });
  expect(everything(site)).toEqual(before);
  expect(await app.ask({ do: "query", sql: "SELECT count(*) FROM t" })).toBe(20);
});

test("somebody who opens the file while the restore is prepared makes it busy, and everything is taken back", async () => {
  const site = await backedUp();
  const before = everything(site);
  let asked = 0;
  const database = site.open({ openedBy: async () => (++asked === 1 ? [] : [99]) });
  expect(bad(await database.restore(op("back"), site.backup)).what).toContain("process 99 ");
  expect(asked).toBe(2);
  expect(rows(site)).toBe(20);
  expect(everything(site).map((file) => file.path)).toEqual(before.map((file) => file.path));
});

test("where nobody can look at open files, SQLite's own lock still tells that an app in WAL mode runs", async () => {
  const site = await backedUp();
  const app = await startApp(site.file);
  const before = everything(site);
  expect(bad(await blind(site).restore(op("back"), site.backup)).code).toBe("busy");
  expect(everything(site)).toEqual(before);
  expect(await app.ask({ do: "query", sql: "SELECT count(*) FROM t" })).toBe(20);
});

test.each(["wal", "delete"])(
  "whoever opened the file before the swap can't write beside the new one, from mode %s",
  async (mode) => {
    const site = await backedUp(mode);
    const late = new DatabaseSync(site.file); // open, but nothing read yet: no lock tells of it
    good(await blind(site).restore(op("back"), site.backup));
    expect(() => late.exec("INSERT INTO t VALUES(99)")).toThrow("readonly");
    expect(() => late.exec("PRAGMA journal_mode=WAL")).toThrow("readonly");
    expect(left(site)).toEqual([]);
    late.close();
    expect(left(site)).toEqual([]);
    expect(rows(site)).toBe(10);
  },
);

test("at the moment of the rename nobody can write to the database, nor bring it back to WAL mode", async () => {
  const site = await backedUp("wal");
  const tries: string[] = [];
  const rename: typeof site.deps.swap.rename = async (from, to) => {
    if (to === site.file) {
      for (const text of ["INSERT INTO t VALUES(21)", "PRAGMA journal_mode=WAL"]) {
        expect(() => sql(site.file, text)).toThrow("locked");
        tries.push(text);
      }
    }
    return site.deps.swap.rename(from, to);
  };
  good(await site.open({ swap: { ...site.deps.swap, rename } }).restore(op("back"), site.backup));
  expect(tries).toHaveLength(2);
  expect(rows(site)).toBe(10);
});

test("an idle app in rollback mode that nobody noticed is refused its next write, and none of its rows is lost", async () => {
  const site = await backedUp("delete");
  const app = await startApp(site.file, { journal: "delete" });
  await app.ask({ do: "exec", sql: "INSERT INTO t VALUES(21)" });
  const { kept } = good(await blind(site).restore(op("back"), site.backup));
  await expect(app.ask({ do: "exec", sql: "INSERT INTO t VALUES(22)" })).rejects.toThrow("readonly");
  await app.stop();
  expect(rows(site)).toBe(10);
  good(await site.open().restore(op("return"), kept));
  expect(rows(site)).toBe(21);
});

test("a write between the last look and the lock is noticed: busy, and the database stays as its app had it", async () => {
  const site = await backedUp("wal");
  const files = site.deps.files;
  let written = false;
  const database = site.open({
    files: {
      ...files,
      read: async (path, range) => {
        const read = await files.read(path, range);
        if (path === site.file && (range?.length ?? 0) > 100 && !written) {
          written = true;
          sql(site.file, "INSERT INTO t VALUES(21)");
        }
        return read;
      },
    },
  });
  expect(bad(await database.restore(op("back"), site.backup)).code).toBe("busy");
  expect(written).toBe(true);
  expect(rows(site)).toBe(21);
  expect(value(site.file, "PRAGMA journal_mode")).toBe("wal");
  expect(readdirSync(site.folder)).toEqual(["app.db", "backups"]);
  expect(good(await database.backups())).toHaveLength(1);
  good(await database.restore(op("back"), site.backup));
  expect(rows(site)).toBe(10);
});

test.each(["wal", "delete", "truncate", "persist"])(
  "nothing of an app that was killed in mode %s stays beside the new file",
  async (journal) => {
    const site = await backedUp(journal);
    const app = await startApp(site.file, { journal });
    await app.ask({ do: "write", rows: 7 });
    await app.kill();
    if (journal === "wal") expect(statSync(`${site.file}-wal`).size).toBeGreaterThan(0);
    const { kept } = good(await site.open().restore(op("back"), site.backup));
    expect(left(site)).toEqual([]);
    expect(rows(site)).toBe(10);
    good(await site.open().restore(op("return"), kept));
    expect(value(site.file, "SELECT count(*) FROM orders")).toBe(7);
    expect(rows(site)).toBe(20);
  },
);

test("half a transaction of an app that was killed is rolled back before the file is kept", async () => {
  const site = await backedUp("delete");
  const app = await startApp(site.file, { journal: "delete" });
  await app.ask({
    do: "exec",
    sql: "PRAGMA cache_size=1; BEGIN; DELETE FROM t; CREATE TABLE big AS SELECT randomblob(200000) b",
  });
  await app.kill();
  expect(existsSync(`${site.file}-journal`)).toBe(true);
  const { kept } = good(await site.open().restore(op("back"), site.backup));
  expect(left(site)).toEqual([]);
  good(await site.open().restore(op("return"), kept));
  expect(rows(site)).toBe(20);
});

test("the journal mode comes back as the app had it, and so does the kept one's", async () => {
  const site = await backedUp("wal");
  const { kept } = good(await site.open().restore(op("back"), site.backup));
  expect(value(site.file, "PRAGMA journal_mode")).toBe("wal");
  good(await site.open().restore(op("return"), kept));
  expect(value(site.file, "PRAGMA journal_mode")).toBe("wal");
});

test("owner and mode of the live file are the new file's, and looking leaves nothing beside it", async () => {
  const site = await backedUp("wal");
  const uid = process.getuid?.() === 0 ? 12345 : (process.getuid?.() ?? 0); // without root there is only ourselves
  const gid = process.getuid?.() === 0 ? 23456 : (process.getgid?.() ?? 0);
  chownSync(site.file, uid, gid);
  chmodSync(site.file, 0o640);
  const database = site.open();
  good(await database.position());
  good(await database.marker());
  good(await database.rehearse(site.backup));
  good(await database.backUp(op("another"), "nightly"));
  expect(left(site)).toEqual([]);
  good(await database.restore(op("back"), site.backup));
  const { uid: nowUid, gid: nowGid, mode } = statSync(site.file);
  expect([nowUid, nowGid, mode & 0o777]).toEqual([uid, gid, 0o640]);
  rmSync(site.file);
  good(await database.restore(op("again"), "nightly-op-another"));
  expect([statSync(site.file).uid, statSync(site.file).mode & 0o777]).toEqual([uid, 0o640]);
});

test("a database of another user is not even opened: what SQLite leaves beside it would lock its app out", async () => {
  const site = await backedUp("wal");
  const swap = site.deps.swap;
  const owner: typeof swap.owner = async (path) => {
    const owned = await swap.owner(path);
    return owned.ok && owned.value ? ok({ ...owned.value, ours: path !== site.file }) : owned;
  };
  const database = site.open({ swap: { ...swap, owner } });
  const before = everything(site);
  for (const refused of [await database.backUp(op("a"), "x"), await database.restore(op("b"), site.backup)])
    expect((refused as { error: unknown }).error).toMatchObject({
      code: "read-only",
      next: expect.stringContaining("root"),
    });
  for (const refused of [await database.marker(), await database.position()])
    expect(bad(refused).code).toBe("read-only");
  expect(everything(site)).toEqual(before);
  expect(good(await database.rehearse(site.backup)).lossesUnknown).toContain("belongs to user");
  expect(left(site)).toEqual([]);
});

test("where the file system has no links the live file is copied, and can be returned all the same", async () => {
  const site = await backedUp();
  const database = site.open({ swap: { ...site.deps.swap, link: async () => ok(false) } });
  const { kept } = good(await database.restore(op("back"), site.backup));
  expect(rows(site)).toBe(10);
  expect(statSync(`${site.file}.before-op-back`).nlink).toBe(1);
  good(await database.restore(op("return"), kept));
  expect(rows(site)).toBe(20);
});

test("a live database behind a symbolic link is exchanged where it really is", async () => {
  const site = await backedUp();
  renameSync(site.file, join(site.folder, "real.db"));
  symlinkSync("real.db", site.file);
  good(await site.open().restore(op("back"), site.backup));
  expect(value(join(site.folder, "real.db"), "SELECT count(*) FROM t")).toBe(10);
  expect(readdirSync(site.folder)).toContain("real.db.before-op-back");
  expect(rows(site)).toBe(10);
});

test("a live database that is gone comes back, and what SQLite left of it does not get into the new one", async () => {
  const site = await backedUp();
  const app = await startApp(site.file);
  await app.ask({ do: "exec", sql: "INSERT INTO t VALUES(21)" });
  await app.kill();
  rmSync(site.file);
  const database = site.open();
  expect(good(await database.rehearse(site.backup)).losses.map(Object.values)).toEqual([["t", 10, 0]]);
  expect(good(await database.restore(op("back"), site.backup))).toEqual({ kept: "" });
  expect(left(site)).toEqual([]);
  expect(rows(site)).toBe(10);
  expect(existsSync(`${site.file}.before-op-back-wal`)).toBe(true);
  expect(good(await database.restore(op("back"), site.backup))).toEqual({ kept: "" });
});

test("an older restore is known from the marks alone, where it had nothing to keep", async () => {
  const site = await backedUp();
  const database = site.open();
  rmSync(site.file);
  good(await database.restore(op("first"), site.backup));
  good(await database.restore(op("second"), site.backup));
  expect(bad(await database.restore(op("first"), site.backup)).code).toBe("conflict");
  expect(good(await database.marker())).toBe("op-second");
});

test("a rehearsal and a backup at the same time as a restore do each other no harm", async () => {
  const site = await backedUp();
  const database = site.open();
  const [restored, rehearsed, made, position, marker] = await Promise.all([
    database.restore(op("back"), site.backup),
    database.rehearse(site.backup),
    database.backUp(op("late"), "nightly"),
    database.position(),
    database.marker(),
  ]);
  for (const result of [restored, rehearsed, made, position]) good<unknown>(result);
  expect(good(marker)).toBe("op-back");
  expect(good(made).rows).toEqual({ t: 10 });
  expect(left(site)).toEqual([]);
});
