import { expect, test } from "vitest";
import {
  downSection,
  outsideOnly,
  sqlFiles,
  upSection,
  withoutTransaction,
} from "../../../src/core/migrations/sql-text.ts";
import {
  type Applied,
  chooseDown,
  compareMigrations,
  type DownFrom,
  type MigrationStatus,
  type Shipped,
  startOn,
  type Tool,
} from "../../../src/core/migrations/status.ts";

const applied = (name: string, change: Partial<Applied> = {}): Applied => ({
  name,
  digest: null,
  at: null,
  failed: false,
  batch: null,
  ...change,
});
const shipped = (name: string, change: Partial<Shipped> = {}): Shipped => ({
  name,
  digest: null,
  down: true,
  ...change,
});
const seen = (tool: Tool, rows: readonly Applied[], files: readonly Shipped[]) =>
  compareMigrations(tool, "t", rows, files);

test("applied, pending, unknown to the folder, edited and failed are told apart", () => {
  const status = seen(
    "prisma",
    [
      applied("1", { digest: "a" }),
      applied("2", { digest: "b" }),
      applied("9"),
      applied("3", { failed: true }),
    ],
    [shipped("1", { digest: "a" }), shipped("2", { digest: "x" }), shipped("3"), shipped("4")],
  );
  expect(status).toMatchObject({ pending: ["3", "4"], unknown: ["9"], edited: ["2"], failed: ["3"] });
});

test.each([
  ["prisma", ["1", "2"], ["1"], "unaware"],
  ["drizzle", ["1", "2"], ["1"], "unaware"],
  ["node-pg-migrate", ["1", "2"], ["1"], "unaware"],
  ["knex", ["1", "2"], ["1"], "fails"],
  ["knex", ["1"], ["1", "2"], "migrates"],
  ["sql", ["1"], ["1"], "as-it-is"],
] as const)("an image of %s with %o applied and %o shipped: %s", (tool, rows, files, start) => {
  expect(
    startOn(
      seen(
        tool,
        rows.map((one) => applied(one)),
        files.map((one) => shipped(one)),
      ),
    ),
  ).toBe(start);
});

test("a failed migration of Prisma stops every start", () => {
  expect(startOn(seen("prisma", [applied("1", { failed: true })], [shipped("1")]))).toBe("fails");
});

const three = ["1", "2", "3"];
const status = seen(
  "sql",
  three.map((one) => applied(one)),
  three.map((one) => shipped(one)),
);
const one = { count: 1, to: null };
const files = three.map((one) => shipped(one, { down: one !== "1" }));

const from = (of: MigrationStatus, change: Partial<DownFrom> = {}): DownFrom => ({
  status: of,
  shipped: files,
  ways: new Map(),
  untouched: [],
  ...change,
});

test("the newest go down first, by number or down to one that stays", () => {
  expect(chooseDown(from(status), { count: 1, to: null })).toEqual({ ok: true, names: ["3"] });
  expect(chooseDown(from(status), { count: 9, to: "1" })).toEqual({ ok: true, names: ["3", "2"] });
});

test("a way that was made counts, also where the folder does not know the migration any more", () => {
  const newer = seen("prisma", [applied("8")], []);
  const chosen = (why: string | null) => chooseDown(from(newer, { ways: new Map([["8", why]]) }), one);
  expect(chosen(null)).toEqual({ ok: true, names: ["8"] });
  expect(chosen("it fails on a copy")).toMatchObject({ why: "8 has no way down: it fails on a copy" });
});

test("a failed one goes where it left nothing", () => {
  const failed = seen("prisma", [applied("1", { failed: true })], [shipped("1", { down: false })]);
  expect(chooseDown(from(failed, { untouched: ["1"] }), one)).toEqual({ ok: true, names: ["1"] });
});

test.each([
  ["without a written way down", status, { count: 3, to: null }, /1 has no written way down/],
  ["to one that is not applied", status, { count: 1, to: "7" }, /7 is not applied/],
  ["to where it is", status, { count: 1, to: "3" }, /nothing to go down from/],
  [
    "that the folder does not know",
    seen("sql", [applied("8")], []),
    { count: 1, to: null },
    /not in this folder/,
  ],
  [
    "that was applied before anybody made a way down",
    seen("prisma", [applied("1")], [shipped("1", { down: false })]),
    { count: 1, to: null },
    /none was made before it was applied/,
  ],
  [
    "from half of one",
    seen("knex", [applied("1", { failed: true })], [shipped("1")]),
    { count: 1, to: null },
    /half-way/,
  ],
])("nothing goes down %s, with the reason", (_, of, wish, why) => {
  const chosen = chooseDown(from(of), wish);
  expect(chosen.ok ? "" : chosen.why).toMatch(why);
});

test("the directions of plain SQL are found in all usual layouts, in the order of numbers", () => {
  expect(
    sqlFiles([
      "10_c.sql",
      "2_b.up.sql",
      "2_b.down.sql",
      "001_a/up.sql",
      "001_a/down.sql",
      "10_c.down.sql",
      "down.sql",
    ]),
  ).toEqual([
    { name: "001_a", up: "001_a/up.sql", down: "001_a/down.sql" },
    { name: "2_b", up: "2_b.up.sql", down: "2_b.down.sql" },
    { name: "10_c", up: "10_c.sql", down: "10_c.down.sql" },
  ]);
});

test("a file with both directions gives its way down", () => {
  expect(downSection("-- migrate:up\nCREATE TABLE t();\n-- migrate:down\nDROP TABLE t;\n")).toBe(
    "DROP TABLE t;\n",
  );
  expect(downSection("-- +goose Down\nDROP TABLE t;\n-- +goose Up\nx")).toBe("DROP TABLE t;\n");
  expect(downSection("CREATE TABLE t();")).toBeNull();
  expect(upSection("-- migrate:up\nCREATE TABLE t();\n-- migrate:down\nDROP TABLE t;\n")).toBe(
    "CREATE TABLE t();\n",
  );
  expect(upSection("-- +goose Down\nDROP TABLE t;\n-- +goose Up\nx")).toBe("x");
  expect(upSection("CREATE TABLE t();")).toBe("CREATE TABLE t();");
});

test("inner transactions are taken out, bodies of functions stay", () => {
  const body = "CREATE FUNCTION f() RETURNS int AS $$\nBEGIN\n  RETURN 1;\nEND;\n$$ LANGUAGE plpgsql;";
  expect(withoutTransaction(`BEGIN;\n${body}\nCOMMIT;`)).toBe(body);
});

test("what runs in no transaction is named, but not in comments", () => {
  expect(outsideOnly("DROP INDEX CONCURRENTLY i")).toBe("CONCURRENTLY");
  expect(outsideOnly("BEGIN;\nDROP TABLE t; COMMIT;")).toBe("COMMIT");
  expect(outsideOnly("BEGIN;\nSELECT 'commit', $$ rollback $$;\nCOMMIT;")).toBeNull();
  expect(outsideOnly("-- not CONCURRENTLY\nDROP INDEX i /* vacuum */")).toBeNull();
});
