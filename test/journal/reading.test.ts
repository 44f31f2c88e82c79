// Reading over rows that vanish or change under an open journal: what no opening could have seen.
import { expect, test } from "vitest";
import { emptyLink, type Row, seal } from "../../src/core/chain.ts";
import { ok } from "../../src/core/result.ts";
import { createGuard } from "../../src/journal/guard.ts";
import { newestFacts, readFacts } from "../../src/journal/reading.ts";
import type { Rows } from "../../src/journal/rows.ts";
import { JournalStopped } from "../../src/ports/journal.ts";
import { fact } from "./facts.ts";

const sealed = seal(emptyLink, { at: 1, mono: 1, boot: "b", epoch: 1 }, [1, 2, 4, 5, 7].map(fact));
const whole: readonly Row[] = sealed.ok ? sealed.value : [];
const head = whole.at(-1) ?? emptyLink;

function rowsOver(rows: readonly Row[], filed: readonly number[] = [5, 4, 3, 2, 1]): Rows {
  return {
    insert: () => {},
    from: (from, limit) => ok(rows.filter((row) => row.seq >= from).slice(0, limit)),
    one: (seq) => ok(rows.find((row) => row.seq === seq) ?? null),
    newest: (_, before, limit) => filed.filter((seq) => seq < before).slice(0, limit),
  };
}

const read = (rows: readonly Row[], after: number, limit: number): readonly number[] =>
  readFacts(rowsOver(rows), createGuard("file"), head, after, limit).map((event) => event.seq);

test("whole rows are read", () => {
  expect(read(whole, 0, 9)).toEqual([1, 2, 3, 4, 5]);
  expect(read(whole, 2, 2)).toEqual([3, 4]);
});

test.each<[string, (rows: readonly Row[]) => readonly Row[], string]>([
  ["the newest are gone", (rows) => rows.slice(0, 3), "fact 4 is missing"],
  ["all are gone", () => [], "fact 1 is missing"],
  [
    "one in between is gone",
    (rows) => rows.filter((row) => row.seq !== 3),
    "fact 3 is missing, 4 comes next",
  ],
  [
    "the newest is another one",
    (rows) => [...rows.slice(0, 4), { ...head, hash: "x" } as Row],
    "fact 5 is not the newest one written",
  ],
  [
    "one is changed",
    (rows) => rows.map((row) => (row.seq === 2 ? { ...row, at: 2 } : row)),
    "fact 2 does not match its hash",
  ],
  [
    "one is linked to another",
    (rows) => rows.map((row) => (row.seq === 2 ? { ...row, prev: "x" } : row)),
    "fact 2 does not follow from fact 1",
  ],
])("reading stops the journal where %s", (_, harm, what) => {
  expect(() => read(harm(whole), 0, 9)).toThrow(JournalStopped);
  expect(() => read(harm(whole), 0, 9)).toThrow(what);
});

test("reading stops where the fact before the first one is gone", () => {
  expect(() =>
    read(
      whole.filter((row) => row.seq !== 2),
      2,
      1,
    ),
  ).toThrow("fact 2 is missing");
});

test("the newest facts stop the journal where the index leads to a fact that is gone, changed or of another type", () => {
  const newest = (rows: readonly Row[], filed: readonly number[]): unknown =>
    newestFacts(rowsOver(rows, filed), createGuard("file"), head, ["release.lifted"], 9, 9);
  expect(newest(whole, [2, 1])).toHaveLength(2);
  expect(() => newest(whole.slice(1), [2, 1])).toThrow("fact 1 is missing");
  expect(() =>
    newest(
      whole.map((row) => ({ ...row, at: 7 })),
      [2],
    ),
  ).toThrow("does not match its hash");
  const other = seal(emptyLink, { at: 1, mono: 1, boot: "b", epoch: 1 }, [fact(3)]);
  expect(() => newest(other.ok ? other.value : [], [1])).toThrow("is not of the type it is filed under");
});
