// The NDJSON copy: what it holds, and how it gets what it lacks.
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chainHash } from "../../src/core/chain.ts";
import { exportJournal } from "../../src/journal/export.ts";
import { lineOf, rowOfLine } from "../../src/journal/ndjson.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import type { Journal } from "../../src/ports/journal.ts";
import { folder, open, write } from "./places.ts";

type Place = { readonly file: string; readonly copy: string; readonly names: () => readonly string[] };

function place(): Place {
  const at = folder();
  return {
    file: join(at, "journal.sqlite"),
    copy: join(at, "journal.ndjson"),
    names: () => readdirSync(at).sort(),
  };
}

function exported(journal: Journal): string {
  const lines: string[] = [];
  exportJournal(journal, (line) => lines.push(line));
  return lines.map((line) => `${line}\n`).join("");
}

test("the copy is the export: each fact one line of canonical JSON, also with line ends and quotes in it", () => {
  const { file, copy } = place();
  const journal = open(file);
  write(journal, 1, 20, 3);
  journal.append(20, [{ type: "controller.stopped", data: { why: 'a\n"b"\r\u2028 ü 😀 \u0000' } }]);
  expect(readFileSync(copy, "utf8")).toBe(exported(journal));
  const lines = readFileSync(copy, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(journal.read(0, 100));
});

test("a copy that was removed is written again, a bounded slice at each opening and append", () => {
  const { file, copy } = place();
  const journal = open(file);
  write(journal, 1, 2_500, 500);
  journal.close();
  renameSync(copy, `${copy}.away`);
  const again = open(file);
  expect(again.health().copy.head).toBe(1_000);
  write(again, 2_501, 2_501);
  expect(again.health().copy.head).toBe(2_000);
  write(again, 2_502, 2_502);
  expect(again.health().copy).toEqual({ head: 2_502, problem: null });
  expect(readFileSync(copy, "utf8")).toBe(exported(again));
  write(again, 2_503, 2_510);
  expect(readFileSync(copy, "utf8")).toBe(exported(again));
});

test("a torn last line is kept aside and its fact written again", () => {
  const { file, copy, names } = place();
  const journal = open(file);
  write(journal, 1, 10);
  const whole = readFileSync(copy, "utf8");
  journal.close();
  truncateSync(copy, whole.length - 30);
  const again = open(file);
  expect(readFileSync(copy, "utf8")).toBe(whole);
  const torn = names().filter((name) => name.startsWith("journal.ndjson.torn-"));
  expect(torn).toHaveLength(1);
  write(again, 11, 12);
  expect(verifyJournal(again)).toMatchObject({ whole: true, copied: 12 });
});

test.each([
  ["without a line end", "half a line"],
  ["of whole lines", '{"no":"fact"}\nnull\n[1]\n\n'],
  ["of zero bytes, as after a power loss", "\0".repeat(5_000)],
])("what stands after the last whole fact, %s, is kept aside", (_, rubbish) => {
  const { file, copy, names } = place();
  const journal = open(file);
  write(journal, 1, 10);
  journal.close();
  const whole = readFileSync(copy, "utf8");
  appendFileSync(copy, rubbish);
  const again = open(file);
  write(again, 11, 11);
  expect(readFileSync(copy, "utf8").startsWith(whole)).toBe(true);
  expect(verifyJournal(again)).toMatchObject({ whole: true, copied: 11 });
  const aside = names().find((name) => name.startsWith("journal.ndjson.torn-")) ?? "";
  expect(readFileSync(join(file, "..", aside), "utf8")).toBe(rubbish);
});

test("a copy without a single whole fact is put aside whole and begun anew", () => {
  const { file, copy, names } = place();
  const journal = open(file);
  write(journal, 1, 10);
  journal.close();
  writeFileSync(copy, "rubbish\n".repeat(300_000));
  const again = open(file);
  write(again, 11, 11);
  expect(readFileSync(copy, "utf8")).toBe(exported(again));
  expect(names().filter((name) => name.startsWith("journal.ndjson.damaged-"))).toHaveLength(1);
});

test("the end of a long copy is found without reading all of it, also behind the longest line", () => {
  const { file, copy } = place();
  const journal = open(file);
  write(journal, 1, 5_000, 1_000);
  const long = "\u0001".repeat(40_000);
  journal.append(5_000, [{ type: "controller.stopped", data: { why: long } }]);
  journal.close();
  expect(readFileSync(copy).length).toBeGreaterThan(1_500_000);
  appendFileSync(copy, "torn");
  const again = open(file);
  write(again, 5_002, 5_002);
  expect(verifyJournal(again)).toMatchObject({ whole: true, copied: 5_002 });
});

/** A line that is whole in itself, but of a fact that never was. */
function otherHistory(line: string): string {
  const row = rowOfLine(line);
  if (row === null) throw new Error(line);
  const other = { ...row, at: row.at + 1 };
  return lineOf({ ...other, hash: chainHash(other) });
}

test("verification finds a changed, a missing, a doubled and a foreign line of the copy", () => {
  for (const [damage, seq] of [
    [(lines: string[]) => lines.splice(3, 1, (lines[3] ?? "").replace("ann", "bob")), 4],
    [(lines: string[]) => lines.splice(3, 1), 4],
    [(lines: string[]) => lines.splice(3, 0, lines[3] ?? ""), 5],
    [(lines: string[]) => lines.splice(3, 1, otherHistory(lines[3] ?? "")), 4],
  ] as const) {
    const { file, copy } = place();
    const journal = open(file);
    write(journal, 1, 10);
    journal.close();
    const lines = readFileSync(copy, "utf8").trimEnd().split("\n");
    damage(lines);
    writeFileSync(copy, `${lines.join("\n")}\n`);
    const verified = verifyJournal(open(file));
    expect(verified.whole).toBe(false);
    expect(verified.findings[0]).toMatchObject({ part: "copy", seq });
  }
});

test("without facts there is no copy", () => {
  const { file, copy } = place();
  open(file);
  expect(existsSync(copy)).toBe(false);
});
