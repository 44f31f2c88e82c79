// Empties the outbox: messages leave at least once, and only after their event is durable.
import type { NewEvent } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Ledger } from "./ledger.ts";

const batch = 20;

/** One round over what is pending. A message that fails stays for the next round, up to its limit of attempts. */
export async function tell(ledger: Ledger, notifiers: (env: string) => readonly Notifier[]): Promise<number> {
  const { outbox } = ledger.journal;
  let sent = 0;
  for (const message of outbox.pending(batch)) {
    const to = notifiers(message.to);
    outbox.tried(message.id);
    const failures: string[] = [];
    let final = true;
    for (const notifier of to) {
      const result = await notifier.send(message);
      if (result.ok) continue;
      failures.push(`${notifier.name}: ${result.error.what}`);
      // A receiver that refuses will refuse again.
      if (result.error.code !== "refused") final = false;
    }
    const via = to.map((notifier) => notifier.name).join(", ") || "nobody";
    if (failures.length > 0 && !final && message.attempts + 1 < limits.outboxAttempts) continue;
    const settled: NewEvent =
      failures.length > 0
        ? { type: "message.given-up", data: { key: message.key, via, why: failures.join("; ") } }
        : { type: "message.sent", data: { key: message.key, via } };
    ledger.record([settled]);
    outbox.settled(message.id);
    sent += 1;
  }
  return sent;
}
