// What opening verifies, and what is left to reading and to full verification.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { chainHash } from "../../src/core/chain.ts";
import { metaWriter, readMeta } from "../../src/journal/meta.ts";
import { rowsOf } from "../../src/journal/rows.ts";
import { snapshotSum } from "../../src/journal/snapshots.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { JournalStopped } from "../../src/ports/journal.ts";
import { folder, open, refusal, write } from "./places.ts";

function filled(facts = 300): string {
  const file = join(folder(), "journal.sqlite");
  const journal = open(file);
  write(journal, 1, facts, 10);
  journal.close();
  return file;
}

test("opening verifies only the newest facts; an old damaged one is found when it is read or all is verified", () => {
  const file = filled(2_500);
  const db = new DatabaseSync(file);
  db.exec(
    "DROP TRIGGER event_is_never_changed; UPDATE event SET data = replace(data, 'ann', 'bob') WHERE seq = 11",
  );
  db.close();
  const journal = open(file);
  expect(journal.read(1_500, 1_000)).toHaveLength(1_000);
  expect(verifyJournal(journal).findings[0]).toMatchObject({ part: "journal", seq: 11 });
  expect(() => journal.read(5, 20)).toThrow(JournalStopped);
  expect(() => journal.append(2_500, [{ type: "controller.stopped", data: { why: "x" } }])).toThrow(
    "fact 11",
  );
});

test.each([
  ["the newest fact", 2_500],
  ["a fact of the tail", 1_600],
])("damage in %s is found at opening", (_, seq) => {
  const file = filled(2_500);
  const db = new DatabaseSync(file);
  db.exec(`DROP TRIGGER event_is_never_changed; UPDATE event SET t_wall = t_wall + 1 WHERE seq = ${seq}`);
  db.close();
  expect(refusal(file)).toMatchObject({ code: "damaged", what: expect.stringContaining(`fact ${seq}`) });
});

test.each([
  ["is missing", "DELETE FROM event WHERE seq = 2000", "fact 2000 is missing"],
  ["was sealed into another history", "", "fact 2000 does not follow from fact 1999"],
])("a fact of the tail that %s is found at opening, an older one when it is read", (_, sql, what) => {
  const file = filled(2_500);
  const db = new DatabaseSync(file);
  db.exec(`DROP TRIGGER event_is_never_changed; DROP TRIGGER event_is_never_deleted; ${sql}`);
  if (sql === "") reseal(db, 2_000);
  db.close();
  expect(refusal(file)).toMatchObject({ code: "damaged", what: expect.stringContaining(what) });
  const later = new DatabaseSync(file);
  const keep = 400;
  // A newer saved fold moves the place from which opening verifies to behind the damage.
  const journal = later.prepare("SELECT hash FROM event WHERE seq = ?").get(2_500 - keep) as { hash: string };
  const sum = snapshotSum("state", 1, { seq: 2_500 - keep, eventHash: journal.hash, state: "{}" });
  later
    .prepare("INSERT INTO snapshot VALUES ('state', 1, ?, ?, '{}', ?)")
    .run(2_500 - keep, journal.hash, sum);
  later.close();
  const opened = open(file);
  expect(opened.read(2_100, 400)).toHaveLength(400);
  expect(() => opened.read(1_990, 20)).toThrow(what);
});

/** As somebody would who can compute hashes but does not rewrite all that follows. */
function reseal(db: DatabaseSync, seq: number): void {
  const found = rowsOf(db).one(seq);
  if (!found.ok || found.value === null) throw new Error("no such fact");
  const row = { ...found.value, prev: "0".repeat(64) };
  db.prepare("UPDATE event SET prev = ?, hash = ? WHERE seq = ?").run(row.prev, chainHash(row), seq);
}

test("only facts since the newest saved fold are verified at opening, and a fold cannot vouch for a forged fact", () => {
  const file = filled(900);
  const journal = open(file);
  journal.snapshots.save("state", 1, 890, { n: 1 });
  journal.close();
  const db = new DatabaseSync(file);
  db.exec("DROP TRIGGER event_is_never_changed; UPDATE event SET hash = 'forged' WHERE seq = 890");
  db.close();
  expect(refusal(file)).toMatchObject({ code: "damaged" });
  const other = filled(900);
  const second = open(other);
  second.snapshots.save("state", 1, 890, { n: 1 });
  second.close();
  const early = new DatabaseSync(other);
  early.exec("DROP TRIGGER event_is_never_changed; UPDATE event SET hash = 'forged' WHERE seq = 800");
  early.close();
  const third = open(other);
  expect(third.snapshots.load("state", 1)).toEqual({ seq: 890, state: { n: 1 } });
  expect(third.read(890, 100)).toHaveLength(10);
  expect(() => third.read(700, 150)).toThrow(JournalStopped);
});

test("a saved fold that was changed, or belongs to another history, is not loaded", () => {
  const file = filled(10);
  const journal = open(file);
  journal.snapshots.save("one", 1, 10, { n: 1 });
  journal.snapshots.save("two", 1, 10, { n: 2 });
  journal.close();
  const db = new DatabaseSync(file);
  db.exec("UPDATE snapshot SET state = '{\"n\":7}' WHERE fold = 'one'");
  // A fold with a right checksum, but of a fact that this journal does not have.
  const other = { seq: 10, eventHash: "f".repeat(64), state: "{}" };
  db.prepare("UPDATE snapshot SET event_hash = ?, state = '{}', sum = ? WHERE fold = 'two'").run(
    other.eventHash,
    snapshotSum("two", 1, other),
  );
  db.close();
  const again = open(file);
  expect(again.snapshots.load("one", 1)).toBeNull();
  expect(again.snapshots.load("two", 1)).toBeNull();
});

test("a changed message in the outbox stops the journal: it is not sent", () => {
  const file = filled(1);
  const journal = open(file);
  journal.append(1, [], [{ key: "k", to: "slack", subject: "s", text: "all is well" }]);
  journal.close();
  const db = new DatabaseSync(file);
  db.exec("UPDATE outbox SET body = 'all is lost'");
  db.close();
  expect(() => open(file).outbox.pending(1)).toThrow(JournalStopped);
});

test("a journal with a fact that only a newer version knows is refused, not called damaged", () => {
  const file = filled(3);
  const db = new DatabaseSync(file);
  const before = rowsOf(db).one(3);
  const meta = readMeta(db);
  if (!before.ok || before.value === null || !meta.ok) throw new Error("the journal cannot be read");
  const row = { ...before.value, seq: 4, type: "moon.landed", data: "{}", prev: before.value.hash };
  const hash = chainHash(row);
  rowsOf(db).insert({ ...row, hash });
  metaWriter(db)({ ...meta.value, headSeq: 4, headHash: hash });
  db.close();
  expect(refusal(file)).toMatchObject({
    code: "refused",
    what: expect.stringContaining("newer Lastgood: fact 4 (moon.landed)"),
  });
});
