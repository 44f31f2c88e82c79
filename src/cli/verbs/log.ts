// lastgood log tail | export | verify | rebuild
import type { Event } from "../../core/event.ts";
import type { Plan } from "../../core/plan/plan.ts";
import { exitCodes, type Outcome, stopped } from "../../core/view/outcome.ts";
import { sentence } from "../../core/view/timeline.ts";
import type { Connection } from "../connection.ts";
import { day, harmless } from "../format/paint.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

const quiet = { durations: () => undefined, event: () => undefined };
const page = 1_000;
const followMs = 500;

export async function logTailCommand(
  it: Shared,
  { lines, follow }: { readonly lines: string; readonly follow: boolean },
): Promise<Shown> {
  const count = Math.min(Math.max(Math.trunc(Number(lines)) || 20, 1), page);
  const outcome = await connected(it, "log", async (connection) => {
    let last = await connection.call("log.read", { after: -count, limit: count }, quiet);
    let seq = printEvents(it, last);
    while (follow && exitCodes[last.outcome] === 0) {
      await new Promise((resolve) => setTimeout(resolve, followMs));
      last = await connection.call("log.read", { after: seq, limit: page }, quiet);
      seq = Math.max(seq, printEvents(it, last));
    }
    return last;
  });
  return ended(it, outcome);
}

export async function logExportCommand(it: Shared): Promise<Shown> {
  const outcome = await connected(it, "log", (connection) => exportAll(it, connection));
  return ended(it, outcome);
}

async function exportAll(it: Shared, connection: Connection): Promise<Outcome> {
  for (let seq = 0; ; ) {
    const read = await connection.call("log.read", { after: seq, limit: page }, quiet);
    const events = eventsOf(read);
    for (const event of events) it.io.out(`${JSON.stringify(event)}\n`);
    const last = events.at(-1);
    if (!last) return read;
    seq = last.seq;
  }
}

export async function logVerifyCommand(it: Shared): Promise<Shown> {
  const care = await it.edges.journal({ config: it.config });
  // Nobody holds it: look at the file itself. Otherwise its controller does.
  if (care.ok) return care.value.verify();
  if (care.error.code !== "busy") return stopped("log", null, care.error);
  return connected(it, "log", (connection) => connection.call("log.verify", {}, quiet));
}

export async function logRebuildCommand(
  it: Shared,
  { yes, acceptLoss }: { readonly yes: boolean; readonly acceptLoss: boolean },
): Promise<Shown> {
  const care = await it.edges.journal({ config: it.config });
  if (!care.ok) return stopped("log", null, care.error);
  const found = care.value.verify();
  if (exitCodes[found.outcome] === 0) return { ...found, next: "There is nothing to rebuild." };
  const sure =
    yes ||
    (it.io.interactive &&
      /^y(es)?$/i.test((await it.io.ask(`${found.what}\nPut it aside and rebuild? [y/N] `)).trim()));
  return sure
    ? care.value.rebuild(acceptLoss)
    : { ...found, outcome: "waits", next: "Say --yes to put it aside and rebuild it from its copy." };
}

function ended(it: Shared, outcome: Outcome): Shown {
  if (exitCodes[outcome.outcome] !== 0) show(it, outcome);
  return { exit: exitCodes[outcome.outcome] };
}

function eventsOf(outcome: Outcome): readonly Event[] {
  return (outcome.data["events"] as unknown as Event[] | undefined) ?? [];
}

/** Returns the newest sequence number that was printed. A tail begins in the middle: older plans are not known. */
function printEvents(it: Shared, outcome: Outcome): number {
  const plans: Record<string, { plan: Plan }> = {};
  const events = eventsOf(outcome);
  for (const event of events) {
    if (event.type === "run.planned") plans[event.data.run] = { plan: event.data.plan };
    const text = sentence(event, plans) ?? event.type;
    it.io.out(
      it.json
        ? `${JSON.stringify(event)}\n`
        : `${String(event.seq).padStart(6)}  ${day(event.at)}  ${harmless(text)}\n`,
    );
  }
  return events.at(-1)?.seq ?? 0;
}
