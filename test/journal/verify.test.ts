// Full verification, export and tail.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import type { Event } from "../../src/core/event.ts";
import { exportJournal, exportJournalFile, tailJournal } from "../../src/journal/export.ts";
import {
  type Progress,
  verification,
  verifyInBackground,
  verifyJournal,
  verifyJournalFile,
} from "../../src/journal/verify.ts";
import { all, clock, folder, open, write } from "./places.ts";

function filled(facts: number): string {
  const file = join(folder(), "journal.sqlite");
  const journal = open(file);
  write(journal, 1, facts, 100);
  journal.close();
  return file;
}

function damage(file: string, sql: string): void {
  const db = new DatabaseSync(file);
  db.exec(`DROP TRIGGER event_is_never_changed; DROP TRIGGER event_is_never_deleted; ${sql}`);
  db.close();
}

test("a whole journal is verified in slices, with progress, and facts appended meanwhile are verified too", () => {
  const journal = open(filled(2_500));
  const work = verification(journal.inspect());
  const progress: Progress[] = [];
  for (let step = work.next(); ; step = work.next()) {
    if (step.done) {
      expect(step.value).toEqual({ whole: true, facts: 2_502, copied: 2_502, findings: [] });
      break;
    }
    if (progress.length < 2) write(journal, journal.head() + 1, journal.head() + 1);
    progress.push(step.value);
  }
  expect(progress.filter((one) => one.part === "journal").map((one) => one.done)).toEqual([1_000, 2_000]);
  expect(progress.map((one) => one.part)).toContain("sqlite");
  expect(progress.at(-1)?.part).toBe("copy");
});

test.each([
  [
    "a changed value",
    "UPDATE event SET data = replace(data, 'ann', 'bob') WHERE seq = 1201",
    "fact 1201 does not match its hash",
  ],
  [
    "a changed time",
    "UPDATE event SET t_wall = t_wall + 1 WHERE seq = 1201",
    "fact 1201 does not match its hash",
  ],
  ["a removed fact", "DELETE FROM event WHERE seq = 1201", "fact 1201 is missing, 1202 comes next"],
  [
    "a changed link",
    "UPDATE event SET prev = hash WHERE seq = 1201",
    "fact 1201 does not follow from fact 1200",
  ],
  [
    "a column of a wrong kind",
    "UPDATE event SET boot = '' WHERE seq = 1201",
    "fact 1201 does not match its hash",
  ],
])("verification finds %s", (_, sql, what) => {
  const file = filled(2_500);
  damage(file, sql);
  const verified = verifyJournal(open(file));
  expect(verified.whole).toBe(false);
  expect(verified.findings.map((finding) => finding.what)).toContain(what);
});

test("verification of a file finds missing newest facts by the anchor", () => {
  const file = filled(50);
  damage(file, "DELETE FROM event WHERE seq = 50");
  const verified = verifyJournalFile(file);
  expect(verified).toMatchObject({ ok: true, value: { whole: false, facts: 49 } });
  expect(verified.ok && verified.value.findings[0]).toMatchObject({ part: "anchor", seq: 49 });
});

test("SQLite's own check finds an index that does not fit its table; the chain alone does not", () => {
  const file = filled(50);
  const db = new DatabaseSync(file);
  db.enableDefensive(false);
  db.exec(
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE INDEX event_by_type ON event (boot, seq)' WHERE name = 'event_by_type'",
  );
  db.close();
  const verified = verifyJournalFile(file);
  if (!verified.ok) throw new Error(verified.error.what);
  expect(new Set(verified.value.findings.map((finding) => finding.part))).toEqual(new Set(["sqlite"]));
  const chainOnly = verifyJournal(open(file), undefined, { integrity: false });
  expect(chainOnly.whole).toBe(true);
});

test("verifying a file takes its lock, raises no epoch, and is busy where somebody has it open", () => {
  const file = filled(10);
  expect(verifyJournalFile(file)).toMatchObject({ ok: true, value: { whole: true, facts: 10, copied: 10 } });
  const journal = open(file);
  expect(journal.epoch()).toBe(2);
  expect(verifyJournalFile(file)).toMatchObject({ ok: false, error: { code: "busy" } });
  expect(exportJournalFile(file, () => {})).toMatchObject({ ok: false, error: { code: "busy" } });
  write(journal, 11, 11);
});

test("verification in the background leaves room for other work, and ends when it is told to", async () => {
  const journal = open(filled(5_000));
  let others = 0;
  const timer = setInterval(() => {
    others += 1;
    write(journal, journal.head() + 1, journal.head() + 1);
  }, 1);
  const verified = await verifyInBackground(journal, clock, new AbortController().signal);
  clearInterval(timer);
  expect(others).toBeGreaterThan(2);
  expect(verified).toMatchObject({ whole: true, findings: [] });
  expect(await verifyInBackground(journal, clock, AbortSignal.abort())).toBeNull();
});

test("a journal that is not there is not made by looking for it", () => {
  const file = join(folder(), "journal.sqlite");
  expect(verifyJournalFile(file)).toMatchObject({ ok: false, error: { code: "missing" } });
  expect(verifyJournalFile(join(folder(), "no", "journal.sqlite"))).toMatchObject({
    ok: false,
    error: { code: "missing" },
  });
  expect(existsSync(file)).toBe(false);
});

test("the export of a file and of an open journal are the same lines", () => {
  const file = filled(1_500);
  const one: string[] = [];
  const two: string[] = [];
  expect(exportJournalFile(file, (line) => one.push(line))).toEqual({ ok: true, value: 1_500 });
  const journal = open(file);
  expect(exportJournal(journal, (line) => two.push(line))).toBe(1_500);
  expect(one).toEqual(two);
  const rest: string[] = [];
  expect(exportJournal(journal, (line) => rest.push(line), 1_400)).toBe(100);
  expect(rest).toEqual(two.slice(1_400));
});

test("the export of a damaged file ends before the damage and says so", () => {
  const file = filled(30);
  damage(file, "UPDATE event SET data = '{}' WHERE seq = 20");
  const lines: string[] = [];
  const exported = exportJournalFile(file, (line) => lines.push(line));
  expect(exported).toMatchObject({
    ok: false,
    error: { code: "damaged", what: expect.stringContaining("fact 20") },
  });
  expect(lines).toHaveLength(19);
});

test("a tail gives old facts from a place on and new ones as they come, each once, until it is ended", async () => {
  const journal = open(filled(20));
  const stop = new AbortController();
  const seen: Event[] = [];
  for await (const event of tailJournal(journal, { after: 15, clock, signal: stop.signal })) {
    seen.push(event);
    if (event.seq === 20) setTimeout(() => write(journal, 21, 23, 2), 10);
    if (event.seq === 23) stop.abort();
  }
  expect(seen).toEqual(all(journal).slice(15));
});

test("a tail without a place gives only what comes from now on, and an ended one nothing", async () => {
  const journal = open(filled(20));
  const stop = new AbortController();
  setTimeout(() => write(journal, 21, 21), 10);
  for await (const event of tailJournal(journal, { clock, signal: stop.signal })) {
    expect(event.seq).toBe(21);
    stop.abort();
  }
  for await (const event of tailJournal(journal, { after: 0, clock, signal: stop.signal }))
    throw new Error(`fact ${event.seq}`);
});
