// What passes by while a release is watched is counted by the minute, for comparing releases later.
import {
  startTally,
  summaryOf,
  tallyReading,
  tallyRequest,
  type WatchSummary,
} from "../core/compare/summary.ts";
import type { WatchState } from "../core/env-state.ts";
import type { Signals } from "../ports/signals.ts";

export type Tallied = {
  readonly sources: readonly Signals[];
  summary(): WatchSummary;
};

/** The same sources, listened to: everything is re-read from the watch's positions, so a restart counts the same. */
export function tallied(watch: WatchState, sources: readonly Signals[]): Tallied {
  const tally = startTally(watch.startedAt);
  return { sources: sources.map((source) => listening(source)), summary: () => summaryOf(tally) };

  function listening(source: Signals): Signals {
    return {
      ...source,
      position: () => source.position(),
      async observe(from) {
        const batch = await source.observe(from);
        if (!batch.ok) return batch;
        if (source.about === "requests")
          for (const seen of batch.value.observations)
            if (seen.release === watch.release) tallyRequest(tally, seen);
        for (const reading of batch.value.readings ?? []) tallyReading(tally, reading);
        return batch;
      },
    };
  }
}
