// A damaged journal is put aside as it is, and a whole one made from what is left.
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { quarantineJournal } from "../../src/journal/quarantine.ts";
import { type RebuildOptions, rebuildJournal } from "../../src/journal/rebuild.ts";
import { verifyJournal, verifyJournalFile } from "../../src/journal/verify.ts";
import { all, clock, folder, open, refusal, startWriter, until, write } from "./places.ts";

const message = { key: "k", to: "slack", subject: "s", text: "t" };

function filled(facts = 200): { file: string; copy: string } {
  const file = join(folder(), "journal.sqlite");
  const journal = open(file);
  write(journal, 1, facts, 10);
  journal.append(facts, [], [message]);
  journal.close();
  return { file, copy: join(file, "..", "journal.ndjson") };
}

function rebuild(file: string, options: Partial<RebuildOptions> = {}): ReturnType<typeof rebuildJournal> {
  return rebuildJournal({ file, clock, why: "a test", ...options });
}

function aside(file: string): string {
  const moved = quarantineJournal(file, clock.now());
  if (!moved.ok) throw new Error(moved.error.what);
  return moved.value;
}

function damage(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(`DROP TRIGGER event_is_never_changed; DROP TRIGGER event_is_never_deleted; ${sql}`);
  db.close();
}

function facts(file: string): readonly unknown[] {
  const journal = open(file);
  const events = all(journal);
  journal.close();
  return events;
}

test("a damaged file is moved as it is, with its log, and no new journal begins in its place", async () => {
  const file = join(folder(), "journal.sqlite");
  const writer = startWriter(file, "endless");
  await until(writer, "ack 10");
  writer.child.kill("SIGKILL");
  await writer.ended;
  const before = [readFileSync(file), readFileSync(`${file}-wal`)];
  expect(before[1]?.length).toBeGreaterThan(0);
  const name = aside(file);
  expect(name).toMatch(/journal\.sqlite\.damaged-\d{8}T\d{6}\.\d{3}Z$/);
  expect([readFileSync(name), readFileSync(`${name}-wal`)]).toEqual(before);
  expect(existsSync(file) || existsSync(`${file}-wal`)).toBe(false);
  rmSync(file.replace(".sqlite", ".ndjson"));
  expect(refusal(file)).toMatchObject({ code: "damaged", what: expect.stringContaining(name) });
});

test("a journal that somebody has open is not put aside, and an open one in this process neither", async () => {
  const { file } = filled();
  const holder = startWriter(file, "hold");
  await until(holder, "open");
  expect(quarantineJournal(file, 0)).toMatchObject({ ok: false, error: { code: "busy" } });
  holder.child.kill("SIGKILL");
  await holder.ended;
  const journal = open(file);
  expect(quarantineJournal(file, 0)).toMatchObject({ ok: false, error: { code: "busy" } });
  write(journal, 201, 202);
});

test("a damaged file with its log can be verified, put aside as it was, and rebuilt, all in one process", async () => {
  const { file } = filled(300);
  const writer = startWriter(file, "endless");
  await until(writer, "ack 340");
  writer.child.kill("SIGKILL");
  await writer.ended;
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xa5, 4_096 * 10, 4_096 * 20));
  const log = readFileSync(`${file}-wal`);
  const verified = verifyJournalFile(file);
  expect(verified.ok && verified.value.whole).toBe(false);
  expect(refusal(file)).toMatchObject({ code: "damaged" });
  const name = aside(file);
  expect(readFileSync(name).equals(bytes)).toBe(true);
  expect(readFileSync(`${name}-wal`).equals(log)).toBe(true);
  expect(rebuild(file)).toMatchObject({ ok: true, value: { leftBehind: 0 } });
  expect(verifyJournal(open(file)).whole).toBe(true);
});

test("nothing, and the database of another program, are not put aside", () => {
  const file = join(folder(), "app.db");
  expect(quarantineJournal(file, 0)).toMatchObject({ ok: false, error: { code: "missing" } });
  const db = new DatabaseSync(file);
  db.exec("CREATE TABLE a (b); CREATE TABLE c (d)");
  db.close();
  expect(quarantineJournal(file, 0)).toMatchObject({ ok: false, error: { code: "refused" } });
});

test("what was put aside before is never overwritten", () => {
  const { file } = filled();
  const one = quarantineJournal(file, 5);
  copyFileSync(one.ok ? one.value : "", file);
  const two = quarantineJournal(file, 5);
  expect(one.ok && two.ok && one.value !== two.value && existsSync(one.value) && existsSync(two.value)).toBe(
    true,
  );
});

test.each<[string, (file: string, copy: string) => void, object]>([
  [
    "garbage in the file",
    (file) => writeFileSync(file, "garbage ".repeat(999)),
    { onlyInCopy: 200, endKnown: false },
  ],
  ["an empty file", (file) => truncateSync(file, 0), { onlyInCopy: 200 }],
  ["a truncated file", (file) => truncateSync(file, 4_096 * 5), { onlyInDamaged: 0 }],
  [
    "overwritten pages",
    (file) =>
      writeFileSync(file, Buffer.concat([readFileSync(file).subarray(0, 16_384), Buffer.alloc(20_000, 7)])),
    {},
  ],
  [
    "a changed fact",
    (file) => damage(file, "UPDATE event SET data = '{}' WHERE seq = 120"),
    { onlyInCopy: 1, endKnown: true },
  ],
  [
    "removed facts",
    (file) => damage(file, "DELETE FROM event WHERE seq BETWEEN 50 AND 60"),
    { onlyInCopy: 11 },
  ],
  ["no copy", (_, copy) => rmSync(copy), { onlyInDamaged: 200 }],
  ["a torn copy", (_, copy) => truncateSync(copy, 20_000), { endKnown: true }],
  [
    "a changed line of the copy",
    (_, copy) => writeFileSync(copy, readFileSync(copy, "utf8").replace('"why 77"', '"why 78"')),
    { onlyInDamaged: 1 },
  ],
  [
    "a changed fact and another changed line of the copy",
    (file, copy) => {
      damage(file, "UPDATE event SET data = '{}' WHERE seq = 120");
      writeFileSync(copy, readFileSync(copy, "utf8").replace('"why 77"', '"why 78"'));
    },
    { onlyInCopy: 1, onlyInDamaged: 1, endKnown: true },
  ],
])("with %s all facts are brought over, and the rebuilding is a fact", (_, harm, report) => {
  const { file, copy } = filled();
  const before = facts(file);
  harm(file, copy);
  const untouched = readFileSync(file);
  const name = aside(file);
  const rebuilt = rebuild(file);
  expect(rebuilt).toMatchObject({ ok: true, value: { facts: 200, leftBehind: 0, ...report } });
  const journal = open(file);
  expect(journal.read(0, 200)).toEqual(before);
  const [last, ...more] = journal.read(200, 10);
  expect(more).toEqual([]);
  expect(last).toMatchObject({ type: "journal.rebuilt", data: { from: name, events: 200, why: "a test" } });
  expect(verifyJournal(journal)).toEqual({ whole: true, facts: 201, copied: 201, findings: [] });
  expect(readFileSync(name).equals(untouched)).toBe(true);
  expect(readdirSync(join(file, "..")).filter((one) => /reading|rebuilding/.test(one))).toEqual([]);
});

test("an old copy of the file put back gets its lost facts again", () => {
  const { file } = filled(100);
  copyFileSync(file, `${file}.old`);
  const journal = open(file);
  write(journal, 101, 130);
  const id = journal.id;
  journal.close();
  const before = facts(file);
  copyFileSync(`${file}.old`, file);
  expect(refusal(file)).toMatchObject({ code: "damaged" });
  aside(file);
  expect(rebuild(file)).toMatchObject({ ok: true, value: { facts: 130, onlyInCopy: 30 } });
  const again = open(file);
  expect(again.read(0, 130)).toEqual(before);
  expect(again.id).toBe(id);
});

test("the epoch is above every one seen, and waiting messages are brought over", () => {
  const { file } = filled(20);
  for (let i = 0; i < 5; i += 1) open(file).close();
  aside(file);
  expect(rebuild(file, { epochFloor: 40 }).ok).toBe(true);
  const journal = open(file);
  expect(journal.read(20, 1)[0]?.epoch).toBe(41);
  expect(journal.epoch()).toBe(42);
  expect(journal.outbox.pending(10)).toMatchObject([message]);
});

test("facts that neither source has whole are not left behind without a person's word", () => {
  const { file, copy } = filled();
  const before = facts(file);
  damage(file, "UPDATE event SET data = '{}' WHERE seq = 77");
  writeFileSync(copy, readFileSync(copy, "utf8").replace('"why 77"', '"why 78"'));
  aside(file);
  const refused = rebuild(file);
  expect(refused).toMatchObject({
    ok: false,
    error: { code: "needs-person", what: expect.stringContaining("up to fact 76, but facts up to 200") },
  });
  expect(existsSync(file)).toBe(false);
  expect(rebuild(file, { acceptLoss: true })).toMatchObject({
    ok: true,
    value: { facts: 76, leftBehind: 124 },
  });
  const journal = open(file);
  expect(journal.read(0, 76)).toEqual(before.slice(0, 76));
  expect(verifyJournal(journal)).toMatchObject({ whole: true, facts: 77 });
  // The copy that still tells of the facts left behind is kept under another name.
  const kept = readdirSync(join(file, "..")).filter((name) => name.startsWith("journal.ndjson.damaged-"));
  expect(kept).toHaveLength(1);
});

test("two sources that tell different histories are left to a person", () => {
  const one = filled(30);
  const two = filled(30);
  copyFileSync(two.copy, one.copy);
  aside(one.file);
  expect(rebuild(one.file)).toMatchObject({
    ok: false,
    error: { code: "needs-person", what: expect.stringContaining("different histories from fact 1") },
  });
});

test("where there is a journal, or nothing at all, there is nothing to rebuild", () => {
  const { file } = filled(5);
  expect(rebuild(file)).toMatchObject({ ok: false, error: { code: "refused" } });
  expect(rebuild(join(folder(), "journal.sqlite"))).toMatchObject({ ok: false, error: { code: "missing" } });
});

test("a lost file is rebuilt from the copy alone", () => {
  const { file } = filled(30);
  const before = facts(file);
  renameSync(file, `${file}.away`);
  const progress: number[] = [];
  expect(rebuild(file, { onProgress: (n) => progress.push(n) })).toMatchObject({
    ok: true,
    value: { facts: 30, onlyInCopy: 30, endKnown: false },
  });
  expect(open(file).read(0, 30)).toEqual(before);
});

test("a rebuild that was cut short can be begun again", () => {
  const { file } = filled(30);
  aside(file);
  writeFileSync(`${file}.rebuilding`, "half");
  writeFileSync(`${file}.rebuilding-wal`, "half");
  writeFileSync(`${file}.reading`, "half");
  expect(rebuild(file)).toMatchObject({ ok: true, value: { facts: 30 } });
});

test("many facts are brought over in slices", () => {
  const { file } = filled(12_000);
  aside(file);
  const progress: number[] = [];
  expect(rebuild(file, { onProgress: (n) => progress.push(n) })).toMatchObject({
    ok: true,
    value: { facts: 12_000 },
  });
  expect(progress).toEqual([5_000, 10_000]);
  expect(verifyJournal(open(file))).toMatchObject({ whole: true, facts: 12_001, copied: 12_001 });
});
