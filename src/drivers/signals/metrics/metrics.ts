// Values beside their limits, asked at an interval: each look gives readings, and a lasting trouble gives events.
import { z } from "zod";
import type { Observation } from "../../../core/detect/finding.ts";
import type { Json } from "../../../core/json.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Limit, Reading, SignalEvent } from "../../../core/signals/event.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Batch, Signals } from "../../../ports/signals.ts";
import { isGone } from "../../checks/gone.ts";
import { numberAt, polled } from "../polled.ts";
import { type Crossings, cross, crossings, within } from "./crossing.ts";

export type Measured = {
  readonly subject: string;
  readonly value: number;
  /** `share` (0 to 1), `s`, `bytes`, `` for plain numbers. */
  readonly unit: string;
  readonly limit: Limit | null;
};

export type MetricsConfig = {
  /** Unique in its environment, e.g. `metrics:postgres`. */
  readonly name: string;
  readonly intervalMs: number;
  /** Where the app needs what is measured: its name. That nobody is there is then told beside the values. */
  readonly dependency?: string;
  /**
   * Everything that can be read now. What cannot be read is left out and named in `missing`; a problem where nothing
   * can be. Ends by itself in the time of a question.
   */
  measure(): Promise<Result<Measurement>>;
};

export type Measurement = { readonly values: readonly Measured[]; readonly missing: readonly string[] };

const position = z.object({ crossings });

/** Reads from as many positions as are asked for: what it has read is in the position. */
export function metricsSignals(config: MetricsConfig, clock: Clock): Signals {
  const poll = polled({ intervalMs: config.intervalMs, question: () => config.measure() }, clock);
  return {
    name: config.name,
    about: "metrics",
    ...(config.dependency === undefined ? {} : { hurry: poll.hurry }),
    position: async () => ok({ run: poll.run, number: poll.newest()?.number ?? 0, crossings: {} }),
    async observe(from): Promise<Result<Batch>> {
      poll.ask();
      let state = crossingsAt(from);
      let number = numberAt(from, poll.run);
      const readings: Reading[] = [];
      const events: SignalEvent[] = [];
      const observations: Observation[] = [];
      for (const one of poll.after(number)) {
        number = one.number;
        if (config.dependency !== undefined) {
          const there = whether(config.dependency, one.answer.ok || !isGone(one.answer.error), one.at);
          const turned = cross(state, [asReading(there)]);
          state = turned.after;
          observations.push(there);
          events.push(...turned.events.map(asDependency));
        }
        if (!one.answer.ok) continue;
        const seen = one.answer.value.values.map((value) => readingOf(value, one.at));
        const crossed = cross(state, seen);
        state = crossed.after;
        readings.push(...seen);
        events.push(...crossed.events);
      }
      const next = { run: poll.run, number, crossings: state };
      return ok({ observations, events, readings, next, unparsed: 0, blind: blindOf(poll.newest()) });
    },
  };
}

/** As our own probes of dependencies tell it. */
function whether(route: string, ok: boolean, at: number): Observation {
  return { at, release: "", ok, client: "probe", route, status: 0, ms: 0 };
}

/** Three looks in a row begin and end an outage, as they do with a value beyond its limit. */
function asReading({ at, ok, route }: Observation): Reading {
  return { at, subject: route, value: ok ? 1 : 0, unit: "", limit: { below: 1 }, ok };
}

function asDependency({ at, subject, over }: SignalEvent): SignalEvent {
  if (over) return { at, kind: "dependency", subject, what: `${subject} answers again`, over };
  return { at, kind: "dependency", subject, what: `${subject} does not answer: nobody is there` };
}

function readingOf({ subject, value, unit, limit }: Measured, at: number): Reading {
  return { at, subject, value, unit, limit, ok: within(value, limit) };
}

function crossingsAt(from: Json): Crossings {
  const known = position.safeParse(from);
  return known.success ? known.data.crossings : {};
}

/** Until the first answer is there nobody can say that there is none. */
function blindOf(newest: { readonly answer: Result<Measurement> } | null): string | null {
  if (newest === null) return null;
  if (!newest.answer.ok) return newest.answer.error.what;
  const { missing } = newest.answer.value;
  return missing.length === 0 ? null : missing.join("; ");
}
