// Single flipped bits: each is noticed, or changes nothing that can be read.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Event } from "../../src/core/event.ts";
import { openJournal, type SqliteJournal } from "../../src/journal/sqlite.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { JournalStopped } from "../../src/ports/journal.ts";
import { all, clock, folder, open, startWriter, until, write } from "./places.ts";

/** Repeatable: `LASTGOOD_SEED=…` gives the same flips again. */
const seed = Number(process.env["LASTGOOD_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

function random(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Found = "open" | "read" | "verify" | "harmless";
type Truth = {
  readonly events: readonly Event[];
  readonly newest: readonly Event[];
  readonly messages: unknown;
  readonly state: unknown;
};

function truthOf(journal: SqliteJournal): Truth {
  return {
    events: all(journal),
    newest: journal.newest(["release.lifted"], Number.POSITIVE_INFINITY, 1_000),
    messages: journal.outbox.pending(100),
    state: journal.snapshots.load("state", 1),
  };
}

/** What notices the flip; throws where a reader would get something wrong and nobody would say so. */
function judge(file: string, truth: Truth): Found {
  const opened = openJournal({ file, clock, ballastBytes: 0 });
  if (!opened.ok) {
    expect(["damaged", "refused"], opened.error.what).toContain(opened.error.code);
    return "open";
  }
  const journal = opened.value;
  try {
    const there = truthOf(journal);
    expect(there.events).toEqual(truth.events);
    const verified = verifyJournal(journal);
    if (!verified.whole) return "verify";
    // A saved fold is a cache: a damaged one may be gone, never wrong.
    if (there.state === null) return "read";
    expect(there).toEqual(truth);
    return "harmless";
  } catch (error) {
    if (error instanceof JournalStopped) return "read";
    throw error;
  } finally {
    journal.close();
  }
}

function flip(file: string, next: () => number): { byte: number; bit: number } {
  const bytes = readFileSync(file);
  const byte = Math.floor(next() * bytes.length);
  const bit = Math.floor(next() * 8);
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit);
  writeFileSync(file, bytes);
  return { byte, bit };
}

function fill(file: string): Truth {
  const journal = open(file);
  write(journal, 1, 499, 7);
  journal.append(
    499,
    [{ type: "controller.stopped", data: { why: "last" } }],
    [{ key: "k", to: "slack", subject: "s", text: "t" }],
  );
  journal.snapshots.save("state", 1, 250, { runs: ["one", "two"] });
  const truth = truthOf(journal);
  journal.close();
  return truth;
}

test.each([
  ["with the copy beside it", true],
  ["without a copy", false],
])(
  "of 200 flipped bits in a file of 500 facts, %s, none changes a fact in silence",
  (_, withCopy) => {
    const next = random(seed);
    const folderOfAll = folder();
    const whole = join(folderOfAll, "whole.sqlite");
    const truth = fill(whole);
    const found: Record<Found, number> = { open: 0, read: 0, verify: 0, harmless: 0 };
    for (let i = 0; i < 200; i += 1) {
      const place = join(folderOfAll, String(i));
      mkdirSync(place);
      const file = join(place, "journal.sqlite");
      copyFileSync(whole, file);
      if (withCopy) copyFileSync(join(folderOfAll, "whole.ndjson"), join(place, "journal.ndjson"));
      const where = flip(file, next);
      try {
        found[judge(file, truth)] += 1;
      } catch (error) {
        throw new Error(`seed ${seed}, flip ${i}: bit ${where.bit} of byte ${where.byte}`, { cause: error });
      }
    }
    expect(found.open + found.read + found.verify).toBeGreaterThan(100);
    console.info(`seed ${seed}: ${JSON.stringify(found)}`);
  },
  120_000,
);

test("a flipped bit in the write-ahead log, where SQLite drops facts without a word, is noticed by the copy", async () => {
  const next = random(seed);
  const folderOfAll = folder();
  const source = join(folderOfAll, "journal.sqlite");
  const writer = startWriter(source, "endless");
  await until(writer, "ack 40");
  writer.child.kill("SIGKILL");
  await writer.ended;
  const files = ["journal.sqlite", "journal.sqlite-wal", "journal.ndjson"];
  const placed = (name: string): string => {
    mkdirSync(join(folderOfAll, name));
    for (const file of files) copyFileSync(join(folderOfAll, file), join(folderOfAll, name, file));
    return join(folderOfAll, name, "journal.sqlite");
  };
  const copied = open(placed("whole"));
  const events = all(copied);
  const found: Record<Found, number> = { open: 0, read: 0, verify: 0, harmless: 0 };
  for (let i = 0; i < 60; i += 1) {
    const file = placed(String(i));
    const where = flip(`${file}-wal`, next);
    const opened = openJournal({ file, clock, ballastBytes: 0 });
    if (!opened.ok) found.open += 1;
    else {
      // The last append of a killed writer may be missing in the copy: then nobody but the log knew of it.
      const there = all(opened.value);
      expect(there, `seed ${seed}: bit ${where.bit} of byte ${where.byte}`).toEqual(
        events.slice(0, there.length),
      );
      expect(there.length).toBeGreaterThanOrEqual(events.length - 3);
      found.harmless += 1;
      opened.value.close();
    }
  }
  expect(found.open).toBeGreaterThan(30);
  console.info(`seed ${seed}: ${JSON.stringify(found)} in the log`);
}, 120_000);
