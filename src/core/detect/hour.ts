// What an hour of traffic amounted to: the memory from which later releases are judged. Small: a few figures.
import { z } from "zod";
import { countFailure, type Failing, startFailing } from "../attribute/fingerprint.ts";
import { onRoute } from "./expects.ts";
import type { Observation } from "./finding.ts";
import { countTime, type Histogram, startHistogram, upperQuantiles } from "./histogram.ts";

/** Fingerprints that are written down, the most frequent ones. */
const fingerprints = 20;
export const hourMs = 3_600_000;

export const hourEvents = {
  /** What the release that served did in one hour, while nothing was known to be wrong. */
  "traffic.counted": z.strictObject({
    env: z.string(),
    /** Whole hours since 1970. */
    hour: z.number(),
    /** Seconds of it that were counted. */
    seconds: z.number(),
    requests: z.number(),
    errors: z.number(),
    /** Upper estimates, milliseconds; null: too few answers. */
    latency: z.strictObject({ p50: z.number(), p90: z.number(), p95: z.number() }).nullable(),
    /** Attempts on the routes of payments. */
    payments: z.strictObject({ requests: z.number(), errors: z.number() }),
    /** What people did, by the names of the config. */
    events: z.record(z.string(), z.number()),
    failing: z.record(z.string(), z.number()),
  }),
} as const;
export type Hour = Readonly<Omit<z.infer<(typeof hourEvents)["traffic.counted"]>, "env">>;

/** What of the traffic is looked at besides. */
export type Looked = {
  readonly payments: readonly string[];
  readonly events: readonly { readonly name: string; readonly routes: readonly string[] }[];
};

export type Tally = {
  readonly hour: number;
  readonly fromMs: number;
  requests: number;
  errors: number;
  readonly times: Histogram;
  readonly payments: { requests: number; errors: number };
  readonly events: Record<string, number>;
  readonly failing: Failing;
};

export function startTally(nowMs: number, looked: Looked): Tally {
  return {
    hour: Math.floor(nowMs / hourMs),
    fromMs: nowMs,
    requests: 0,
    errors: 0,
    times: startHistogram(),
    payments: { requests: 0, errors: 0 },
    events: Object.fromEntries(looked.events.map(({ name }) => [name, 0])),
    failing: startFailing(),
  };
}

/** CHANGES `tally`. */
export function countObservation(tally: Tally, seen: Observation, looked: Looked): void {
  tally.requests += 1;
  tally.failing.requests += 1;
  if (seen.ok) countTime(tally.times, seen.ms);
  else {
    tally.errors += 1;
    countFailure(tally.failing, seen);
  }
  const well = seen.status < 400;
  if (onRoute(looked.payments, seen.route)) {
    tally.payments.requests += 1;
    if (!well) tally.payments.errors += 1;
  }
  if (!well) return;
  for (const { name, routes } of looked.events) {
    if (onRoute(routes, seen.route)) tally.events[name] = (tally.events[name] ?? 0) + 1;
  }
}

export function summed(tally: Tally, nowMs: number): Hour {
  const { hour, fromMs, requests, errors, payments, events } = tally;
  const most = Object.entries(tally.failing.by).sort((a, b) => b[1] - a[1]);
  return {
    hour,
    seconds: Math.round((Math.min(nowMs, (hour + 1) * hourMs) - fromMs) / 1_000),
    requests,
    errors,
    latency: upperQuantiles(tally.times),
    payments: { ...payments },
    events: { ...events },
    failing: Object.fromEntries(most.slice(0, fingerprints)),
  };
}
