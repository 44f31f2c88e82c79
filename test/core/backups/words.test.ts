// What people read: written since, how long, how well proved, how far.
import { expect, test } from "vitest";
import { emptyBackupState } from "../../../src/core/backups/state.ts";
import {
  fromChanges,
  fromCounts,
  proofWords,
  takesWords,
  writtenTotal,
} from "../../../src/core/backups/words.ts";
import { progressText } from "../../../src/core/view/progress.ts";

// biome-ignore lint/suspicious/noThenProperty: the port's word for the rows of then
const counted = (table: string, then: number, now: number) => ({ table, then, now });

test("from counts: the largest first, and no more than counts can tell", () => {
  const written = fromCounts([counted("a", 5, 3), counted("b", 1, 9), counted("c", 4, 4)]);
  expect(written).toEqual([
    { table: "b", rows: 8, what: "8 rows more (1 then, 9 now)" },
    { table: "a", rows: null, what: "2 rows fewer (5 then, 3 now)" },
    { table: "c", rows: null, what: "4 rows then and now, some of them changed" },
  ]);
  expect(writtenTotal(written)).toBe("8 rows in 3 tables, and others changed or deleted");
  expect(writtenTotal(written.slice(0, 1))).toBe("8 rows in 1 table");
});

test("from what the database tells apart: new, changed, deleted, and the migration's own", () => {
  const same = { migration: 0, gone: 0, inserted: null, updated: null, deleted: null };
  const tables = [
    { ...same, table: "new", written: 3, inserted: 3, updated: 0, deleted: 0 },
    { ...same, table: "gone", written: 0, gone: 2, inserted: 0, updated: 0, deleted: 2 },
    { ...same, table: "mixed", written: 9, gone: 4, migration: 7 },
  ];
  expect(fromChanges({ backup: "b1", tables, gaps: [] })).toEqual([
    {
      table: "mixed",
      rows: 9,
      what: "9 new or changed, 4 of then changed or deleted, 7 by the migration",
    },
    { table: "new", rows: 3, what: "3 new" },
    { table: "gone", rows: 0, what: "2 deleted" },
  ]);
});

test("never drilled is said of each backup; a drill of another one is no proof of it", () => {
  const drill = { backup: "b1", at: 0, problem: null, ms: 1_500, bytes: 1, rows: 1 };
  const state = { ...emptyBackupState, drills: [drill] };
  expect(proofWords(state, "b1", 60_000)).toBe("drilled 60 s ago: restored in 2 s on this server");
  expect(proofWords(state, "b2", 60_000)).toMatch(/^never drilled/);
  const failed = { ...state, drills: [drill, { ...drill, problem: "no space" }] };
  expect(proofWords(failed, "b1", 60_000)).toBe("its drill 60 s ago failed: no space");
  expect(takesWords(null)).toContain("never drilled on this server");
});

test("progress: the time that is left once there is something to tell it from", () => {
  const at = (done: number, total: number | null) => ({
    what: "copying",
    unit: "bytes" as const,
    done,
    total,
  });
  const mb = 1024 * 1024;
  expect(progressText(at(mb, 4 * mb), 500)).toBe("copying: 1.0 MB of 4.0 MB, 25 %");
  expect(progressText(at(mb, 4 * mb), 2_000)).toBe("copying: 1.0 MB of 4.0 MB, 25 %, about 6 s left");
  expect(progressText(at(4 * mb, 4 * mb), 8_000)).toBe("copying: 4.0 MB of 4.0 MB, 100 %");
  expect(progressText(at(mb, null), 9_000)).toBe("copying: 1.0 MB");
  expect(progressText({ what: "reading", unit: "rows", done: 7, total: 0 }, 9_000)).toBe("reading: 7 rows");
});
