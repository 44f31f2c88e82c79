// Errors of the disk under an open journal: it stops, for good, and says nothing it does not know.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { verifyChain } from "../../src/core/chain.ts";
import { JournalStopped } from "../../src/ports/journal.ts";
import { fact } from "./facts.ts";
import { all, clock, folder, open, startWriter, write } from "./places.ts";

/** Overwrite a part of the file from another process: closing it in this one would drop the lock. */
function scribble(file: string, offset: number, length: number): void {
  const script = `const fs = require("node:fs"); const fd = fs.openSync(process.argv[1], "r+");
    fs.writeSync(fd, Buffer.alloc(Number(process.argv[3]), 0xa5), 0, Number(process.argv[3]), Number(process.argv[2])); fs.closeSync(fd);`;
  expect(spawnSync(process.execPath, ["-e", script, file, String(offset), String(length)]).status).toBe(0);
}

test("a page damaged under an open journal stops it when it is read, and every later call says so", () => {
  const file = join(folder(), "journal.sqlite");
  const first = open(file);
  write(first, 1, 3_000, 100);
  first.close();
  const journal = open(file);
  scribble(file, 4_096 * 20, 4_096 * 40);
  expect(() => all(journal)).toThrow(JournalStopped);
  for (const use of [
    () => journal.head(),
    () => journal.append(3_000, [fact(1)]),
    () => journal.read(2_990, 1),
    () => journal.newest(["controller.stopped"], 10, 1),
    () => journal.raiseEpoch(1),
    () => journal.outbox.pending(1),
    () => journal.snapshots.save("state", 1, 1, {}),
  ]) {
    expect(use).toThrow(JournalStopped);
    expect(use).toThrow(file);
  }
  journal.close();
});

test("a bug in a caller's fact does not stop the journal", () => {
  const journal = open(join(folder(), "journal.sqlite"));
  const wrong = { type: "controller.stopped", data: { why: undefined } } as unknown as ReturnType<
    typeof fact
  >;
  expect(() => journal.append(0, [wrong])).toThrow();
  expect(journal.append(0, [fact(1)]).ok).toBe(true);
});

test("two journals in one process do not disturb each other's lock", async () => {
  const place = folder();
  const one = open(join(place, "one.sqlite"));
  const two = open(join(place, "two.sqlite"));
  write(one, 1, 3);
  write(two, 1, 3);
  two.close();
  const other = startWriter(join(place, "one.sqlite"), "1");
  await other.ended;
  expect(other.lines()).toEqual(["refused busy"]);
  write(one, 4, 5);
});

const strace = spawnSync("strace", ["-V"]).status === 0;

describe.runIf(strace)("with system calls that fail (needs strace)", () => {
  /** Run a writer of 12 appends in which the n-th call of a kind fails. */
  async function failing(file: string, call: string, error: string, n: number): Promise<readonly string[]> {
    const inject = [
      "strace",
      "-f",
      "-o",
      "/dev/null",
      "-e",
      `trace=${call}`,
      "-e",
      `inject=${call}:error=${error}:when=${n}`,
    ];
    const writer = startWriter(file, "30", inject);
    await writer.ended;
    return writer.lines();
  }

  test("when fsync fails the journal stops, every later call says so, and what was acknowledged is there", async () => {
    let stops = 0;
    let unknown = 0;
    for (let n = 1; n <= 25; n += 2) {
      const file = join(folder(), "journal.sqlite");
      const lines = await failing(file, "fsync", "EIO", n);
      const acknowledged = lines.filter((line) => line.startsWith("ack ")).map((line) => line.split(" "));
      const stopped = lines.find((line) => line.startsWith("stopped"));
      if (stopped) {
        stops += 1;
        expect(stopped).toContain("JournalStopped");
        expect(lines.filter((line) => line === "again JournalStopped")).toHaveLength(3);
      }
      expect(lines).not.toContain("went on");
      // The writer was stopped at its first error, so here the disk itself is well: all that it said must be there.
      const journal = open(file);
      const events = all(journal);
      expect(verifyChain(events)).toBeNull();
      for (const [, seq, hash] of acknowledged) expect(events[Number(seq) - 1]?.hash).toBe(hash);
      if (stopped && events.length > acknowledged.length) unknown += 1;
      journal.close();
    }
    expect(stops).toBeGreaterThan(3);
    // This is why a failed commit is unknown, not failed, and why nothing may go on after it.
    expect(unknown).toBeGreaterThan(0);
    console.info(
      `13 failed fsyncs: ${stops} stops, ${unknown} times the unacknowledged facts were there all the same`,
    );
  }, 120_000);

  test("when a write finds no space the transaction is not there, whichever write it was", async () => {
    let refused = 0;
    for (let n = 20; n <= 60; n += 3) {
      const file = join(folder(), "journal.sqlite");
      const lines = await failing(file, "pwrite64", "ENOSPC", n);
      const acknowledged = lines.filter((line) => line.startsWith("ack ")).length;
      const journal = open(file);
      // Done again at once (the fault is gone by then), so nothing is missing and nothing is there twice.
      expect(all(journal)).toHaveLength(acknowledged);
      expect(verifyChain(all(journal))).toBeNull();
      if (lines.includes("refused no-space")) refused += 1;
      journal.close();
    }
    console.info(`14 writes without space: ${refused} hit the opening, the others were done again`);
  }, 120_000);
});

test("an open journal keeps its clock: facts carry rounded times of the clock that was given", () => {
  const journal = open(join(folder(), "journal.sqlite"), {
    clock: { ...clock, now: () => 1_800_000_000_000.4, elapsed: () => 12.6, bootId: () => "b" },
  });
  expect(write(journal, 1, 1)[0]).toMatchObject({ at: 1_800_000_000_000, mono: 13, boot: "b" });
});
