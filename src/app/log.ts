// lastgood log: the facts themselves, page by page, and the proof that none was changed.
import type { JsonObject } from "../core/json.ts";
import type { Outcome } from "../core/view/outcome.ts";
import type { App } from "./app.ts";

export type LogReadInput = { readonly after: number; readonly limit: number };

export function logRead(app: App, { after, limit }: LogReadInput): Outcome {
  const { journal } = app.deps.ledger;
  const events = journal.read(after < 0 ? Math.max(0, journal.head() + after) : after, limit);
  const data = { head: journal.head(), events: events.map((event) => event as unknown as JsonObject) };
  return {
    verb: "log",
    env: null,
    outcome: "done",
    what: `${events.length} events`,
    means: "",
    next: "",
    problem: null,
    data,
  };
}

const page = 1_000;

/** Read every fact; the journal checks each one's hash and its link to the one before as it reads. */
export function logVerify(app: App): Outcome {
  const { journal } = app.deps.ledger;
  let seq = 0;
  for (;;) {
    const events = journal.read(seq, page);
    const last = events.at(-1);
    if (!last) break;
    seq = last.seq;
  }
  const what = `All ${seq} facts are whole, and each follows from the one before.`;
  return {
    verb: "log",
    env: null,
    outcome: "done",
    what,
    means: "",
    next: "Nothing to do.",
    problem: null,
    data: { events: seq, whole: true },
  };
}
