// When a value beyond its limit is an event: not the first time, which may be chance, and not every time.
import { z } from "zod";
import type { Limit, Reading, SignalEvent } from "../../../core/signals/event.ts";

/** By subject: how many looks in a row were otherwise than what was told last, and what that was. */
export const crossings = z.record(z.string(), z.object({ beyond: z.boolean(), against: z.number() }));
export type Crossings = z.infer<typeof crossings>;

/** This many looks in a row begin or end a trouble. */
const looks = 3;

export function within(value: number, limit: Limit | null): boolean {
  if (limit === null) return true;
  return "above" in limit ? value <= limit.above : value >= limit.below;
}

/** One more look at some values: the events that this makes, and the state after it. */
export function cross(
  before: Crossings,
  readings: readonly Reading[],
): { readonly events: readonly SignalEvent[]; readonly after: Crossings } {
  const after: Crossings = { ...before };
  const events: SignalEvent[] = [];
  for (const reading of readings) {
    const { subject, ok } = reading;
    const was = before[subject] ?? { beyond: false, against: 0 };
    const against = ok === was.beyond ? was.against + 1 : 0;
    const turned = against >= looks;
    if (turned) events.push(eventOf(reading));
    const now = turned ? { beyond: !was.beyond, against: 0 } : { beyond: was.beyond, against };
    if (now.beyond || now.against > 0) after[subject] = now;
    else delete after[subject];
  }
  return { events, after };
}

function eventOf(reading: Reading): SignalEvent {
  const { at, subject, ok } = reading;
  const what = `${subject}: ${valueText(reading.value, reading.unit)}, ${limitText(reading)}`;
  return ok ? { at, kind: "limit", subject, what, over: true } : { at, kind: "limit", subject, what };
}

function limitText({ limit, ok, unit }: Reading): string {
  if (limit === null) return "without a limit";
  if (ok) return "within its limit again";
  return "above" in limit
    ? `more than ${valueText(limit.above, unit)}`
    : `less than ${valueText(limit.below, unit)}`;
}

/** Shares are kept as fractions and shown as percentages. */
export function valueText(value: number, unit: string): string {
  if (unit === "share") return `${Number((value * 100).toFixed(1))} %`;
  return `${Number(value.toPrecision(4))}${unit === "" ? "" : ` ${unit}`}`;
}
