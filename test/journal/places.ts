// Folders, clocks and events for the tests of the journal.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { Event } from "../../src/core/event.ts";
import { type JournalOptions, openJournal, type SqliteJournal } from "../../src/journal/sqlite.ts";
import { systemClock } from "../../src/os/clock.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Journal } from "../../src/ports/journal.ts";
import { fact } from "./facts.ts";

const made: string[] = [];
const opened: Journal[] = [];

export const clock: Clock = systemClock();

afterEach(() => {
  for (const journal of opened.splice(0)) journal.close();
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A fresh folder, gone after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "lastgood-journal-"));
  made.push(path);
  return path;
}

/** Open for a test, without ballast unless it asks for one; closed after the test. */
export function open(file: string, options: Partial<JournalOptions> = {}): SqliteJournal {
  const journal = openJournal({ file, clock, ballastBytes: 0, ...options });
  if (!journal.ok) throw new Error(`${journal.error.code}: ${journal.error.what}`);
  opened.push(journal.value);
  return journal.value;
}

export function refusal(
  file: string,
  options: Partial<JournalOptions> = {},
): { code: string; what: string; next: string } {
  const journal = openJournal({ file, clock, ballastBytes: 0, ...options });
  if (!journal.ok) return journal.error;
  journal.value.close();
  throw new Error("the journal was opened");
}

/** Append facts `from`..`to`, so many in a transaction. */
export function write(journal: Journal, from: number, to: number, atOnce = 1): readonly Event[] {
  const events: Event[] = [];
  for (let n = from; n <= to; n += atOnce) {
    const facts = Array.from({ length: Math.min(atOnce, to - n + 1) }, (_, i) => fact(n + i));
    const written = journal.append(journal.head(), facts);
    if (!written.ok) throw new Error(written.error.what);
    events.push(...written.value);
  }
  return events;
}

export function all(journal: Journal): readonly Event[] {
  return journal.read(0, Number.POSITIVE_INFINITY);
}

/** A process running `writer.ts`; `lines` is what it has said so far. */
export type Writer = {
  readonly child: ChildProcess;
  lines(): readonly string[];
  readonly ended: Promise<void>;
};

export function startWriter(file: string, mode: string, prefix: readonly string[] = []): Writer {
  const script = join(import.meta.dirname, "writer.ts");
  const [command = "", ...args] = [...prefix, process.execPath, script, file, mode];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  child.stdout?.on("data", (chunk) => {
    said += chunk;
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  // The last piece may be half a line: it was never fully said.
  return { child, lines: () => said.split("\n").slice(0, -1), ended };
}

/** Resolves when the writer has said a line that begins so. */
export async function until(writer: Writer, start: string): Promise<void> {
  while (!writer.lines().some((line) => line.startsWith(start))) {
    const over = await Promise.race([
      writer.ended.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 5, false)),
    ]);
    if (over && !writer.lines().some((line) => line.startsWith(start))) {
      throw new Error(`the writer ended without "${start}": ${writer.lines().join(" | ")}`);
    }
  }
}
