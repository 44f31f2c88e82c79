// What other systems have sent to an environment: kept in the journal, told once, as a source of signals.
import { z } from "zod";
import type { Observation } from "../../../core/detect/finding.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Received } from "../../../core/signals/event.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Batch, Signals, ToldEvent } from "../../../ports/signals.ts";

/** A delivery as it is in the journal. */
export type Kept = { readonly seq: number; readonly at: number; readonly received: Received };

export type Inbox = {
  /**
   * Durable when it returns. Deliveries that were there before change nothing. `full`: nothing was taken, because more
   * came in a minute than the journal should hold; the sender may come again later.
   */
  take(deliveries: readonly Received[]): "taken" | "known" | "full";
  readonly signals: Signals;
};

export type InboxDeps = {
  /** Newest deliveries of this environment, oldest first, as the journal has them. */
  past(limit: number): readonly Kept[];
  /** Writes them; the same order, with their numbers. */
  record(deliveries: readonly Received[]): readonly Kept[];
  readonly clock: Clock;
};

/** Deliveries whose ids are remembered; senders repeat within hours, and one an ten seconds fills this in five. */
const remembered = 2_000;
/** New deliveries in a minute that are written down. */
const mostAMinute = 600;
const minuteMs = 60_000;
const position = z.object({ seq: z.number() });

export function openInbox({ past, record, clock }: InboxDeps): Inbox {
  const kept: Kept[] = [...past(remembered)];
  const ids = new Set(kept.map(({ received }) => idOf(received)));
  const begunSeq = kept.at(-1)?.seq ?? 0;
  let minute = { begunMs: clock.elapsed(), count: 0 };

  function room(): number {
    if (clock.elapsed() - minute.begunMs >= minuteMs) minute = { begunMs: clock.elapsed(), count: 0 };
    return mostAMinute - minute.count;
  }

  return {
    take(deliveries) {
      const fresh = deliveries.filter(
        (one, i) => !ids.has(idOf(one)) && deliveries.findIndex((other) => idOf(other) === idOf(one)) === i,
      );
      if (fresh.length === 0) return "known";
      if (fresh.length > room()) return "full";
      minute.count += fresh.length;
      for (const one of record(fresh)) {
        kept.push(one);
        ids.add(idOf(one.received));
      }
      for (const old of kept.splice(0, kept.length - remembered)) ids.delete(idOf(old.received));
      return "taken";
    },
    signals: {
      name: "hooks",
      about: "events",
      journalled: true,
      position: async () => ok({ seq: kept.at(-1)?.seq ?? begunSeq }),
      async observe(from): Promise<Result<Batch>> {
        const known = position.safeParse(from);
        const after = known.success ? known.data.seq : begunSeq;
        const fresh = kept.filter(({ seq }) => seq > after);
        const events = fresh.flatMap(toldBy);
        const observations = fresh.flatMap(({ received }) => received.trials.map(observationOf));
        const next = { seq: fresh.at(-1)?.seq ?? after };
        // A sender that is silent may have nothing to say: an inbox cannot know that it is blind.
        return ok({ observations, events, next, unparsed: 0, blind: null });
      },
    },
  };
}

function toldBy({ seq, at, received }: Kept): readonly ToldEvent[] {
  return received.events.map((event, i) => ({ ...event, kept: { ref: `${seq}.${i}`, at } }));
}

function idOf({ via, delivery }: Received): string {
  return `${via} ${delivery}`;
}

function observationOf(trial: Received["trials"][number]): Observation {
  const { at, ok, client, route } = trial;
  return { at, release: "", ok, client, route, status: 0, ms: 0 };
}
