// One watch of the product's own engine over an access log: what it reads, and what that costs.
import type { WatchState } from "../../src/core/env-state.ts";
import type { Json } from "../../src/core/json.ts";
import { ok } from "../../src/core/result.ts";
import { logSignals } from "../../src/drivers/signals/log/log.ts";
import { observeWatch } from "../../src/engine/observe.ts";
import { localFiles } from "../../src/os/files.ts";
import type { Clock } from "../../src/ports/clock.ts";
import type { Signals } from "../../src/ports/signals.ts";
import { foldRoute } from "../../src/proxy/access-line.ts";
import { firstMs } from "./lines.ts";

const release = "v1";
/** Clients that failed are left out for a while. */
const leastCounted = 0.9;

/** What came out of the log; each line is in one of the first two. */
type Seen = { requests: number; unparsed: number; errors: number; blind: string | null };

type Reading = {
  readonly signals: Signals;
  readonly from: Json;
  readonly clock: Clock;
  /** Nothing new was there. False: the watch ends. */
  readonly goOn: (seen: Seen) => boolean;
};

/** The wall clock goes by the log: what takes seconds here may be hours there. */
export function logClock(nowMs: () => number): Clock {
  return {
    now: nowMs,
    elapsed: () => performance.now(),
    bootId: () => "bench",
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

export function signalsOf(path: string, clock: Clock): Signals {
  const routes = async () => ok([{ release, url: null, fromMs: 0 }]);
  const deps = { files: localFiles(), clock, foldRoute, routes };
  const made = logSignals({ name: "access:web", path, format: "combined" }, deps);
  if (!made.ok) throw new Error(made.error.what);
  return made.value;
}

/** Reads until `goOn` says no. Throws where not everybody but the muted was counted by detection. */
export async function watchLog({ signals, from, clock, goOn }: Reading): Promise<Seen> {
  const seen: Seen = { requests: 0, unparsed: 0, errors: 0, blind: null };
  let done = false;
  const counted: Signals = {
    ...signals,
    async observe(position) {
      const batch = await signals.observe(position);
      if (!batch.ok) throw new Error(batch.error.what);
      const { observations, unparsed, blind } = batch.value;
      seen.requests += observations.length;
      for (const one of observations) if (!one.ok) seen.errors += 1;
      seen.unparsed += unparsed;
      seen.blind ??= blind;
      if (observations.length === 0 && !batch.value.more) done = !goOn(seen);
      return batch;
    },
  };
  const watch: WatchState = {
    ...{ watch: "watch-1", env: "bench", release, previous: null, after: "deploy" },
    ...{ forMs: 1_800_000, from: { [signals.name]: from }, threshold: 0.01 },
    ...{ startedAt: firstMs, finding: null },
  };
  const { signal } = new AbortController();
  const { failing } = await observeWatch(clock, watch, [counted], { signal, enough: () => done });
  const share = failing.requests / seen.requests;
  if (share > 1 || share < leastCounted) {
    throw new Error(`detection counted ${failing.requests} requests, ${seen.requests} were read`);
  }
  return seen;
}
