// One start of a controller, as far as the journal goes: run in a process of its own by `journal.ts`.
import process from "node:process";
import { openJournal } from "../src/journal/sqlite.ts";
import { systemClock } from "../src/os/clock.ts";

const [file = ""] = process.argv.slice(2);
const from = performance.now();
const opened = openJournal({ file, clock: systemClock() });
if (!opened.ok) throw new Error(opened.error.what);
const openMs = performance.now() - from;
const journal = opened.value;
const saved = journal.snapshots.load("bench", 1);
const rest = journal.read(saved?.seq ?? Math.max(0, journal.head() - 1_000), 1_000);
const readyMs = performance.now() - from;
if (rest.length === 0) throw new Error("there was nothing to read");
journal.close();
process.stdout.write(JSON.stringify({ openMs, readyMs }));
