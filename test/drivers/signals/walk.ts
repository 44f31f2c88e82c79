// Reads a source as a watch does: again and again, from where it was.

import type { Observation } from "../../../src/core/detect/finding.ts";
import type { Json } from "../../../src/core/json.ts";
import type { SignalEvent } from "../../../src/core/signals/event.ts";
import type { Batch, Reading, Signals } from "../../../src/ports/signals.ts";
import { pause } from "../../parts/bed.ts";
import { value } from "../../proxy/bed.ts";

export type Walk = {
  readonly source: Signals;
  readonly events: SignalEvent[];
  readonly readings: Reading[];
  readonly observations: Observation[];
  readonly blind: () => string | null;
  /** One look. */
  look(): Promise<Batch>;
  /** Looks until it is so; ends with the test's own deadline. */
  until(isSo: () => boolean): Promise<void>;
  /** Where it is. */
  at(): Json;
};

export async function walk(source: Signals, from?: Json): Promise<Walk> {
  let position = from === undefined ? value(await source.position()) : from;
  let blind: string | null = null;
  const events: SignalEvent[] = [];
  const readings: Reading[] = [];
  const observations: Observation[] = [];
  const look = async () => {
    // What a source asks is answered between two looks, never during one.
    await pause(20);
    const batch = value(await source.observe(position));
    position = JSON.parse(JSON.stringify(batch.next)) as Json;
    blind = batch.blind;
    events.push(...(batch.events ?? []));
    readings.push(...(batch.readings ?? []));
    observations.push(...batch.observations);
    return batch;
  };
  const until = async (isSo: () => boolean) => {
    for (await look(); !isSo(); ) await look();
  };
  return { source, events, readings, observations, look, until, blind: () => blind, at: () => position };
}
