// Opening: who may, what is made, and what is refused and left as it was.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { sqliteTooOld } from "../../src/journal/connection.ts";
import { all, folder, open, refusal, startWriter, until, write } from "./places.ts";

const mode = (path: string): number => statSync(path).mode & 0o777;

test("folder and files are made for their owner alone", () => {
  const file = join(folder(), "a", "state", "journal.sqlite");
  const journal = open(file, { ballastBytes: 4_096 });
  write(journal, 1, 3);
  expect(mode(join(file, ".."))).toBe(0o700);
  for (const name of ["journal.sqlite", "journal.sqlite-wal", "journal.ndjson", "journal.ballast"]) {
    expect(mode(join(file, "..", name)), name).toBe(0o600);
  }
});

test("the log's index is in memory, never in a file that another process could share", () => {
  const file = join(folder(), "journal.sqlite");
  // A new file and one that was there before take different ways through SQLite.
  for (let i = 0; i < 2; i += 1) {
    const journal = open(file);
    write(journal, journal.head() + 1, journal.head() + 3);
    expect(existsSync(`${file}-wal`)).toBe(true);
    expect(existsSync(`${file}-shm`)).toBe(false);
    journal.close();
  }
});

test("files that others can read are closed to them; the mode of a folder that was there is left alone", () => {
  const place = folder();
  const file = join(place, "journal.sqlite");
  open(file).close();
  chmodSync(file, 0o644);
  chmodSync(place, 0o755);
  open(file);
  expect(mode(file)).toBe(0o600);
  expect(mode(place)).toBe(0o755);
});

test("the file is in WAL mode with full sync, and carries the mark and the schema of a journal", () => {
  const file = join(folder(), "journal.sqlite");
  const journal = open(file);
  write(journal, 1, 1);
  journal.close();
  const db = new DatabaseSync(file, { readOnly: true });
  expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
  expect(db.prepare("PRAGMA application_id").get()).toEqual({ application_id: 0x4c474a31 });
  expect(db.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 });
  db.close();
});

test("facts can be neither changed nor deleted by SQL", () => {
  const file = join(folder(), "journal.sqlite");
  const journal = open(file);
  write(journal, 1, 2);
  journal.close();
  const db = new DatabaseSync(file);
  expect(() => db.exec("UPDATE event SET data = '{}' WHERE seq = 1")).toThrow("facts are never changed");
  expect(() => db.exec("DELETE FROM event")).toThrow("facts are never deleted");
  db.close();
});

test("a second opening in the same process is busy, and does not take the lock of the first", async () => {
  const file = join(folder(), "journal.sqlite");
  const journal = open(file);
  expect(refusal(file)).toMatchObject({ code: "busy" });
  write(journal, 1, 1);
  const other = startWriter(file, "1");
  await other.ended;
  expect(other.lines()).toEqual(["refused busy"]);
});

test("an opening while another process has the journal is busy, and free once that one is killed", async () => {
  const file = join(folder(), "journal.sqlite");
  const writer = startWriter(file, "hold");
  await until(writer, "open");
  expect(refusal(file)).toMatchObject({ code: "busy", what: expect.stringContaining(file) });
  writer.child.kill("SIGKILL");
  await writer.ended;
  expect(open(file).epoch()).toBe(2);
});

test("an empty file, and one that was cut short while it was made, become a new journal", () => {
  const file = join(folder(), "journal.sqlite");
  writeFileSync(file, "");
  write(open(file), 1, 2);
  const half = join(folder(), "journal.sqlite");
  const db = new DatabaseSync(half);
  db.exec("PRAGMA journal_mode = WAL");
  db.close();
  expect(statSync(half).size).toBe(4_096);
  expect(write(open(half), 1, 2)).toHaveLength(2);
});

function filled(facts = 300): string {
  const file = join(folder(), "journal.sqlite");
  const journal = open(file);
  write(journal, 1, facts, 10);
  journal.close();
  return file;
}

function withoutCopy(file: string): string {
  const copy = file.replace(".sqlite", ".ndjson");
  if (existsSync(copy)) renameSync(copy, `${copy}.away`);
  return file;
}

test.each<[string, (file: string) => void]>([
  ["that is no SQLite file", (file) => writeFileSync(file, "garbage ".repeat(5_000))],
  ["of a few bytes", (file) => truncateSync(file, 50)],
  ["that was truncated", (file) => truncateSync(file, statSync(file).size - 4_096)],
  ["that was truncated inside a page", (file) => truncateSync(file, statSync(file).size - 1_000)],
  [
    "whose pages were overwritten",
    (file) =>
      writeFileSync(
        file,
        Buffer.concat([readFileSync(file).subarray(0, 4_096), Buffer.alloc(statSync(file).size - 4_096, 7)]),
      ),
  ],
  [
    "whose tables are gone",
    (file) => {
      const db = new DatabaseSync(file);
      db.exec("DROP TABLE meta");
      db.close();
    },
  ],
  [
    "whose anchor was changed",
    (file) => {
      const db = new DatabaseSync(file);
      db.exec("UPDATE meta SET epoch = 0");
      db.close();
    },
  ],
])("a file %s is refused as damaged, named, with the command to go on, and stays as it is", (_, damage) => {
  for (const file of [filled(), withoutCopy(filled())]) {
    damage(file);
    const before = readFileSync(file);
    const refused = refusal(file);
    expect(refused).toMatchObject({ code: "damaged", what: expect.stringContaining(file) });
    expect(refused.next).toContain("lastgood log rebuild");
    expect(readFileSync(file).equals(before)).toBe(true);
    // Refusing it twice gives the same answer: the first time left nothing behind.
    expect(refusal(file).what).toBe(refused.what);
  }
});

test.each<[string, (file: string) => void]>([
  ["was emptied", (file) => truncateSync(file, 0)],
  ["is gone", (file) => renameSync(file, `${file}.away`)],
])("no new journal begins silently where the file %s but its copy knows facts", (_, damage) => {
  const file = filled();
  damage(file);
  expect(refusal(file)).toMatchObject({ code: "damaged", what: expect.stringContaining("300 facts") });
});

test("an empty file with a log beside it is damaged: SQLite would delete the log", () => {
  const file = withoutCopy(filled());
  truncateSync(file, 0);
  writeFileSync(`${file}-wal`, Buffer.alloc(5_000, 1));
  expect(refusal(file)).toMatchObject({ code: "damaged" });
  expect(statSync(`${file}-wal`).size).toBe(5_000);
});

test("an old copy of the file put back is refused while the newer NDJSON copy lies beside it", () => {
  const file = filled(20);
  copyFileSync(file, `${file}.old`);
  const journal = open(file);
  write(journal, 21, 30);
  journal.close();
  copyFileSync(`${file}.old`, file);
  expect(refusal(file)).toMatchObject({
    code: "damaged",
    what: expect.stringContaining("its copy goes on to 30"),
  });
});

test("an old copy of the whole state folder is only known by an epoch that a target has seen, which then rises above it", () => {
  const file = filled(20);
  expect(open(withoutCopy(file), { epochFloor: 50 }).epoch()).toBe(51);
});

test("a file and a copy that tell different histories are refused", () => {
  const file = filled(20);
  const other = filled(21);
  copyFileSync(other, file);
  expect(refusal(file)).toMatchObject({
    code: "damaged",
    what: expect.stringContaining("is another one than in its copy"),
  });
});

test("a journal of a newer schema is refused and not touched", () => {
  const file = filled(5);
  const db = new DatabaseSync(file);
  db.exec("PRAGMA user_version = 99");
  db.close();
  const before = readFileSync(file);
  expect(refusal(file)).toMatchObject({
    code: "refused",
    what: expect.stringContaining("newer Lastgood (schema 99"),
  });
  expect(readFileSync(file).equals(before)).toBe(true);
});

test("the database of another program is refused and not touched", () => {
  for (const rows of [1, 2_000]) {
    const file = join(folder(), "app.db");
    const db = new DatabaseSync(file);
    db.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT)");
    db.exec("BEGIN");
    for (let i = 0; i < rows; i += 1) db.exec(`INSERT INTO orders (what) VALUES ('${"pizza".repeat(20)}')`);
    db.exec("COMMIT");
    db.close();
    const before = readFileSync(file);
    expect(refusal(file)).toMatchObject({
      code: "refused",
      what: expect.stringContaining("another program"),
    });
    const again = new DatabaseSync(file);
    expect(again.prepare("SELECT count(*) AS n FROM orders").get()).toEqual({ n: rows });
    again.close();
    // One page could be a journal whose making was cut short, so SQLite has to look into it.
    if (rows > 1) expect(readFileSync(file).equals(before)).toBe(true);
  }
});

test("a place where no folder can be is a problem that says so", () => {
  const place = folder();
  writeFileSync(join(place, "file"), "");
  expect(refusal(join(place, "file", "state", "journal.sqlite"))).toMatchObject({ code: "missing" });
});

const root = process.geteuid?.() === 0;

test.runIf(root)("a read-only state folder is a problem that says so (needs root for a mount)", () => {
  const file = filled(5);
  const place = join(file, "..");
  expect(spawnSync("mount", ["--bind", place, place]).status).toBe(0);
  try {
    expect(spawnSync("mount", ["-o", "remount,ro,bind", place]).status).toBe(0);
    expect(refusal(file)).toMatchObject({ code: "read-only", what: expect.stringContaining(file) });
    expect(refusal(join(place, "new", "journal.sqlite"))).toMatchObject({ code: "read-only" });
  } finally {
    spawnSync("umount", [place]);
  }
  expect(all(open(file))).toHaveLength(5);
});

test.runIf(root)("what root makes in another user's folder belongs to that user (needs root)", () => {
  const place = join(folder(), "state");
  mkdirSync(place);
  spawnSync("chown", ["12345:12345", place]);
  const file = join(place, "journal.sqlite");
  write(open(file, { ballastBytes: 4_096 }), 1, 1);
  for (const name of ["journal.sqlite", "journal.sqlite-wal", "journal.ndjson", "journal.ballast"]) {
    expect(statSync(join(place, name)).uid, name).toBe(12_345);
  }
});

test.each([
  ["3.51.2", true],
  ["3.46.0", true],
  ["2.99.99", true],
  ["3.51.3", false],
  ["3.53.4", false],
  ["4.0.0", false],
])("SQLite %s is too old: %s", (version, old) => {
  expect(sqliteTooOld(version)).toBe(old);
});

test("a copy that cannot be read does not keep the journal shut: it goes on, and says so", () => {
  const file = filled(5);
  const copy = file.replace(".sqlite", ".ndjson");
  renameSync(copy, `${copy}.away`);
  mkdirSync(copy);
  const journal = open(file);
  write(journal, 6, 6);
  expect(journal.health().copy).toEqual({ head: 0, problem: expect.stringContaining("EISDIR") });
});
