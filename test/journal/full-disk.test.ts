// A full disk, on a small tmpfs of its own (needs root for the mount): what is acknowledged is there, no more and
// no less, and the space kept aside is enough to say goodbye.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { SqliteJournal } from "../../src/journal/sqlite.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { JournalStopped } from "../../src/ports/journal.ts";
import { fact } from "./facts.ts";
import { all, folder, open, refusal, write } from "./places.ts";

const diskBytes = 16 * 1024 * 1024;
const ballastBytes = 512 * 1024;
const mounts: string[] = [];

afterEach(() => {
  // Lazily: a journal that stopped for an I/O error keeps its file open until the process ends.
  for (const place of mounts.splice(0)) spawnSync("umount", ["-l", place]);
});

function smallDisk(): string {
  const place = folder();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${diskBytes}`, "tmpfs", place]);
  expect(mounted.status, String(mounted.stderr)).toBe(0);
  mounts.push(place);
  return place;
}

/** Take all space of the disk but `leave` bytes. */
function fillDisk(place: string, leave: number): string {
  const filler = join(place, "filler");
  const df = spawnSync("df", ["--output=avail", "-B1", place]);
  const free = Number(String(df.stdout).split("\n")[1]);
  writeFileSync(filler, Buffer.alloc(Math.max(0, free - leave)));
  return filler;
}

/** Append until it stops; returns what was acknowledged. */
function writeUntilStop(journal: SqliteJournal, first: number): number {
  let acknowledged = first - 1;
  for (let n = first; n < first + 20_000; n += 1) {
    try {
      const written = journal.append(acknowledged, [fact(n)]);
      if (!written.ok) throw new Error(written.error.what);
      acknowledged = written.value.at(-1)?.seq ?? acknowledged;
    } catch (error) {
      expect(error).toBeInstanceOf(JournalStopped);
      expect((error as Error).message).toContain("the disk is full");
      return acknowledged;
    }
  }
  throw new Error("the disk did not fill up");
}

/** What a crash at this moment would leave, opened elsewhere. */
function afterCrash(file: string): SqliteJournal {
  const place = folder();
  for (const name of ["journal.sqlite", "journal.sqlite-wal", "journal.ndjson"]) {
    if (existsSync(join(file, "..", name))) copyFileSync(join(file, "..", name), join(place, name));
  }
  return open(join(place, "journal.sqlite"));
}

describe.runIf(process.geteuid?.() === 0)("on a small disk (needs root for a mount)", () => {
  test("a write that finds the disk full is done with the space kept aside, and is told of", () => {
    const place = smallDisk();
    const file = join(place, "journal.sqlite");
    const journal = open(file, { ballastBytes });
    expect(statSync(join(place, "journal.ballast")).size).toBe(ballastBytes);
    write(journal, 1, 20);
    fillDisk(place, 100_000);
    let n = 21;
    for (; !journal.diskFull(); n += 1) write(journal, n, n);
    expect(statSync(join(place, "journal.ballast")).size).toBe(0);
    // The write that found it full was done all the same, and there is room for what has to be said now.
    expect(journal.head()).toBe(n - 1);
    const paused = { code: "no-space", what: "the disk is full", next: "free space" };
    const written = journal.append(n - 1, [
      { type: "run.paused", data: { run: "run-1", why: paused, at: null } },
    ]);
    expect(written).toMatchObject({ ok: true });
    expect(afterCrash(file).head()).toBe(n);
  });

  test("when that space is used up too the journal stops, whole, and holds exactly what it acknowledged", () => {
    const place = smallDisk();
    const file = join(place, "journal.sqlite");
    const journal = open(file, { ballastBytes });
    write(journal, 1, 20);
    const filler = fillDisk(place, 50_000);
    const acknowledged = writeUntilStop(journal, 21);
    const gone = afterCrash(file);
    expect(gone.head()).toBe(acknowledged);
    expect(verifyJournal(gone).findings).toEqual([]);
    expect(() => journal.head()).toThrow(JournalStopped);
    expect(() => journal.read(0, 1)).toThrow(JournalStopped);
    journal.close();
    rmSync(filler);
    const again = open(file, { ballastBytes });
    expect(again.head()).toBe(acknowledged);
    expect(again.diskFull()).toBe(false);
    expect(statSync(join(place, "journal.ballast")).size).toBe(ballastBytes);
    expect(verifyJournal(again)).toMatchObject({ whole: true, copied: acknowledged });
    console.info(
      `${acknowledged - 20} facts were written on a disk with 50 kB and ${ballastBytes} bytes of ballast`,
    );
  });

  test("wherever in a transaction the disk fills up, nothing of it is there afterwards", () => {
    // Without ballast, at 40 different amounts of free space: the write breaks off in different frames of the log.
    for (let i = 0; i < 40; i += 1) {
      const place = smallDisk();
      const file = join(place, "journal.sqlite");
      const journal = open(file);
      write(journal, 1, 3);
      fillDisk(place, 4_096 * (1 + i));
      const acknowledged = writeUntilStop(journal, 4);
      expect(all(afterCrash(file)).length).toBe(acknowledged);
      journal.close();
      expect(statSync(file).size).toBeGreaterThan(0);
    }
  });

  test("once there is room again the space is kept aside again, and the flag goes", () => {
    const place = smallDisk();
    const journal = open(join(place, "journal.sqlite"), { ballastBytes });
    const filler = fillDisk(place, 60_000);
    for (let n = 1; !journal.diskFull(); n += 1) write(journal, n, n);
    rmSync(filler);
    write(journal, journal.head() + 1, journal.head() + 600);
    expect(journal.diskFull()).toBe(false);
    expect(statSync(join(place, "journal.ballast")).size).toBe(ballastBytes);
  });

  test("a journal with its space kept aside opens on a full disk, and says that it is full", () => {
    const place = smallDisk();
    const file = join(place, "journal.sqlite");
    const first = open(file, { ballastBytes });
    write(first, 1, 5);
    first.close();
    fillDisk(place, 0);
    const journal = open(file, { ballastBytes });
    expect(journal.epoch()).toBe(2);
    expect(journal.diskFull()).toBe(true);
    write(journal, 6, 6);
  });

  test("a journal on a full disk without space kept aside is a problem that says so, and loses nothing", () => {
    const place = smallDisk();
    const file = join(place, "journal.sqlite");
    const first = open(file);
    write(first, 1, 5);
    first.close();
    const filler = fillDisk(place, 0);
    expect(refusal(file)).toMatchObject({ code: "no-space", what: expect.stringContaining(file) });
    rmSync(filler);
    expect(open(file).head()).toBe(5);
  });

  test("a new journal on a full disk is a problem that says so, and can be made once there is room", () => {
    const place = smallDisk();
    const file = join(place, "state", "journal.sqlite");
    mkdirSync(join(place, "state"));
    const filler = fillDisk(place, 8_192);
    expect(refusal(file, { ballastBytes })).toMatchObject({ code: "no-space" });
    rmSync(filler);
    write(open(file, { ballastBytes }), 1, 3);
  });

  test("a full disk costs the copy nothing for good: it catches up", () => {
    const place = smallDisk();
    const file = join(place, "journal.sqlite");
    const journal = open(file, { ballastBytes });
    const filler = fillDisk(place, 30_000);
    const acknowledged = writeUntilStop(journal, 1);
    journal.close();
    rmSync(filler);
    const again = open(file, { ballastBytes });
    write(again, acknowledged + 1, acknowledged + 1);
    expect(again.health().copy).toEqual({ head: acknowledged + 1, problem: null });
    expect(verifyJournal(again).whole).toBe(true);
  });
});
