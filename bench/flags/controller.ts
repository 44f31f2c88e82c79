// A flag service as a process of its own, with its journal on disk; told what to do over IPC. Measures itself.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { openLedger } from "../../src/engine/ledger.ts";
import { openJournal } from "../../src/journal/sqlite.ts";
import { systemClock } from "../../src/os/clock.ts";
import { flagBed } from "../../test/flags/bed.ts";

export type Told =
  | { readonly ready: { readonly url: string; readonly key: string } }
  | {
      /** From the order to the last confirmation, its own fact made durable in between. */
      readonly ms: number;
      /** To the answer: what was confirmed is written down too. */
      readonly answerMs: number;
      readonly atNs: string;
      readonly confirmed: number;
      readonly missing: number;
    }
  | { readonly rssBytes: number; readonly cpuUs: number; readonly subscribers: number };
export type Order = { readonly turn: "on" | "off" } | { readonly look: true } | { readonly end: true };

const folder = mkdtempSync(join(tmpdir(), "lastgood-bench-flags-"));
const journal = openJournal({ file: join(folder, "journal.db"), clock: systemClock() });
if (!journal.ok) throw new Error(journal.error.what);
const flag = { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "on" };
const others = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`other-${at}`, flag]));
const plain = openLedger(journal.value);
let confirmedAt = 0n;
const ledger: typeof plain = {
  ...plain,
  record(events, messages) {
    if (events.some(({ type }) => type === "flag.confirmed")) confirmedAt = process.hrtime.bigint();
    return plain.record(events, messages);
  },
};
const bed = await flagBed({ flags: { "new-checkout": flag, ...others }, ledger });
const tell = (told: Told) => process.send?.(told);

process.on("message", async (order: Order) => {
  if ("turn" in order) {
    const began = process.hrtime.bigint();
    const said = await bed.turn("new-checkout", order.turn);
    const answered = process.hrtime.bigint();
    const since = (at: bigint) => Number(at - began) / 1e6;
    const { confirmed, missing } = said.data as { confirmed: string[]; missing: unknown[] };
    tell({
      ms: since(confirmedAt),
      answerMs: since(answered),
      atNs: String(began),
      confirmed: confirmed.length,
      missing: missing.length,
    });
  } else if ("look" in order) {
    const { user, system } = process.cpuUsage();
    const subscribers = bed.env.subscribers.list().filter(({ connected }) => connected).length;
    tell({ rssBytes: process.memoryUsage.rss(), cpuUs: user + system, subscribers });
  } else {
    await bed.close();
    journal.value.close();
    rmSync(folder, { recursive: true, force: true });
    process.exit(0);
  }
});
process.on("disconnect", () => process.exit(0));
tell({ ready: { url: bed.url, key: bed.key } });
