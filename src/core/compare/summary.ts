// What users saw of a release, minute by minute since its switch: small enough for a fact, enough to compare releases.
import { z } from "zod";

/** Ends of the bins, minutes since the switch: equal bins of two releases are the same time base. */
export const binEndsMin = [1, 2, 3, 5, 10, 20, 30, 60, 120, 240] as const;
/** Upper ends of the latency classes grow by this factor: a quantile is known to within 20 %. */
const growth = 1.2;
/** Slower than this (about 2 min) is one class. */
const classes = 65;

const bin = z.strictObject({
  /** Which of `binEndsMin`. */
  bin: z.number(),
  requests: z.number(),
  errors: z.number(),
  /** Requests by latency class, as pairs of class and count. */
  latency: z.array(z.tuple([z.number(), z.number()])),
});

const gauge = z.strictObject({
  subject: z.string(),
  unit: z.string(),
  looks: z.number(),
  sum: z.number(),
  most: z.number(),
});

export const watchSummary = z.strictObject({
  /** When the release began to serve, wall-clock milliseconds. */
  startedAt: z.number(),
  bins: z.array(bin),
  /** Values beside the requests: memory, CPU, queries, where a source reads them. */
  gauges: z.array(gauge),
});
export type WatchSummary = z.infer<typeof watchSummary>;

type Bin = { requests: number; errors: number; latency: number[] };
type Gauge = { unit: string; looks: number; sum: number; most: number };

/** Plain data that grows no larger. */
export type Tally = {
  readonly startedAt: number;
  readonly bins: Map<number, Bin>;
  readonly gauges: Map<string, Gauge>;
};

const gaugesKept = 30;

export function startTally(startedAt: number): Tally {
  return { startedAt, bins: new Map(), gauges: new Map() };
}

/** A request. CHANGES `tally`. What came before the switch, or long after it, is of no minute. */
export function tallyRequest(tally: Tally, seen: { at: number; ok: boolean; ms: number }): void {
  const minutes = Math.max(0, seen.at - tally.startedAt) / 60_000;
  const which = binEndsMin.findIndex((end) => minutes < end);
  if (which < 0) return;
  const found = tally.bins.get(which) ?? {
    requests: 0,
    errors: 0,
    latency: new Array<number>(classes).fill(0),
  };
  tally.bins.set(which, found);
  found.requests += 1;
  if (!seen.ok) found.errors += 1;
  const slot = classOf(seen.ms);
  found.latency[slot] = (found.latency[slot] ?? 0) + 1;
}

/** A look at a value. CHANGES `tally`. */
export function tallyReading(
  tally: Tally,
  { subject, unit, value }: { subject: string; unit: string; value: number },
): void {
  const found = tally.gauges.get(subject) ?? { unit, looks: 0, sum: 0, most: value };
  if (!tally.gauges.has(subject) && tally.gauges.size >= gaugesKept) return;
  tally.gauges.set(subject, found);
  found.looks += 1;
  found.sum += value;
  found.most = Math.max(found.most, value);
}

export function summaryOf({ startedAt, bins, gauges }: Tally): WatchSummary {
  return {
    startedAt,
    bins: [...bins]
      .toSorted(([a], [b]) => a - b)
      .map(([at, { requests, errors, latency }]) => ({ bin: at, requests, errors, latency: pairs(latency) })),
    gauges: [...gauges].map(([subject, one]) => ({ subject, ...one })),
  };
}

function pairs(latency: readonly number[]): [number, number][] {
  return latency.flatMap((count, at): [number, number][] => (count > 0 ? [[at, count]] : []));
}

function classOf(ms: number): number {
  if (!(ms > 1)) return 0;
  return Math.min(classes - 1, Math.ceil(Math.log(ms) / Math.log(growth)));
}

/** The upper end of a class, milliseconds. */
export function classEndMs(at: number): number {
  return growth ** at;
}
