// A writer for the kill tests: opens the journal, says how long the lock took, then appends until it is killed.
import { writeSync } from "node:fs";
import { openJournal } from "../../src/journal/sqlite.ts";
import { systemClock } from "../../src/os/clock.ts";
import { fact } from "./facts.ts";

const [file = "", mode = "endless"] = process.argv.slice(2);
const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

const journal = openJournal({ file, clock: systemClock(), ballastBytes: 0 });
if (!journal.ok) {
  say(`refused ${journal.error.code}`);
} else {
  say(`open ${journal.value.epoch()}`);
  if (mode === "hold") setInterval(() => {}, 1_000);
  else writeOn(mode === "endless" ? Number.POSITIVE_INFINITY : Number(mode));
}

function writeOn(upTo: number): void {
  if (!journal.ok) return;
  for (let n = journal.value.head() + 1; n <= upTo; n = journal.value.head() + 1) {
    // One, two or three facts and now and then a message: transactions of different shapes.
    const facts = Array.from({ length: 1 + (n % 3) }, (_, i) => fact(n + i));
    const messages = n % 4 === 0 ? [{ key: `m${n}`, to: "slack", subject: "s", text: "t" }] : [];
    try {
      const written = journal.value.append(n - 1, facts, messages);
      if (!written.ok) throw new Error(written.error.what);
      for (const event of written.value) say(`ack ${event.seq} ${event.hash}`);
    } catch (error) {
      say(`stopped ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`);
      throughAgain();
      // As a controller must: an orderly end would let SQLite close the file, and settle what is unknown.
      process.kill(process.pid, "SIGKILL");
    }
  }
  journal.value.close();
  say("closed");
}

/** After a stop nothing may be taken any more, also not by a caller who tries again. */
function throughAgain(): void {
  if (!journal.ok) return;
  for (const again of [
    () => journal.value.head(),
    () => journal.value.append(0, [fact(1)]),
    () => journal.value.read(0, 1),
  ]) {
    try {
      again();
      say("went on");
    } catch (error) {
      say(`again ${error instanceof Error ? error.name : ""}`);
    }
  }
}
