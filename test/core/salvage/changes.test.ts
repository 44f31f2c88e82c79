import { expect, test } from "vitest";
import { isChanged, tableChanges } from "../../../src/core/salvage/changes.ts";
import { mapColumns } from "../../../src/core/salvage/columns.ts";
import { isClear, isFromElsewhere, isTooOld, parseSnapshot } from "../../../src/core/salvage/snapshot.ts";

test.each([
  [
    { before: 10, now: 13, users: 3, migration: 0 },
    { inserted: 3, updated: 0, deleted: 0, gone: 0 },
  ],
  [
    { before: 10, now: 8, users: 0, migration: 0 },
    { inserted: 0, updated: 0, deleted: 2, gone: 2 },
  ],
  [
    { before: 10, now: 10, users: 2, migration: 0 },
    { inserted: null, updated: null, deleted: null, gone: 2 },
  ],
  [
    { before: null, now: 4, users: 4, migration: 0 },
    { inserted: 4, updated: 0, deleted: 0, gone: 0 },
  ],
  [
    { before: 5, now: null, users: 0, migration: 0 },
    { inserted: 0, updated: 0, deleted: 5, gone: 5 },
  ],
  [
    { before: "unknown", now: 9, users: 2, migration: 1 },
    { inserted: null, updated: null, deleted: null, gone: null },
  ],
  [
    { before: 3, now: 9, users: 0, migration: 0 },
    { inserted: null, updated: null, deleted: null, gone: null },
  ],
] as const)("%o is told as %o", (counted, told) => {
  expect(tableChanges("t", counted)).toMatchObject(told);
});

test("a table in which nothing moved is not changed", () => {
  expect(isChanged(tableChanges("t", { before: 4, now: 4, users: 0, migration: 0 }))).toBe(false);
  expect(isChanged(tableChanges("t", { before: 4, now: 3, users: 0, migration: 0 }))).toBe(true);
});

const column = (name: string, change = {}) => ({
  name,
  type: "text",
  generated: false,
  notNull: false,
  hasDefault: false,
  ...change,
});

test("columns go over by name; others have no home, or are wanting", () => {
  const source = [column("id"), column("phone"), column("total", { generated: true }), column("note")];
  const target = [
    column("id", { type: "integer" }),
    column("note", { generated: true }),
    column("fax", { notNull: true }),
    column("at", { notNull: true, hasDefault: true }),
  ];
  expect(mapColumns(source, target)).toEqual({
    shared: [{ name: "id", sameType: false }],
    homeless: ["phone"],
    wanting: ["fax"],
  });
});

test("snapshots are read with their epoch", () => {
  const open = parseSnapshot("21474836480:21474836485:21474836480,21474836483");
  expect(open).toEqual({ xmin: 21474836480n, xmax: 21474836485n, open: [21474836480n, 21474836483n] });
  expect(open && isClear(open)).toBe(false);
  expect(parseSnapshot("7:7:")).toEqual({ xmin: 7n, xmax: 7n, open: [] });
  expect(parseSnapshot("7:7")).toBeNull();
});

test("a snapshot of another history, or one of more than a round ago, is told", () => {
  const at = (xid: bigint) => ({ xmin: xid, xmax: xid, open: [] });
  expect(isFromElsewhere(at(10n), at(9n))).toBe(true);
  expect(isFromElsewhere(at(9n), at(9n))).toBe(false);
  expect(isTooOld(at(5n), at(5n + (1n << 32n)))).toBe(true);
  expect(isTooOld(at(6n), at(5n + (1n << 32n)))).toBe(false);
});
