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
  /** The newest minutes, oldest first: what is compared with the first ones after it was left. `bin`: minutes since the switch. */
  lately: z.array(bin).optional(),
});
export type WatchSummary = z.infer<typeof watchSummary>;

type Bin = { requests: number; errors: number; latency: number[] };
type Gauge = { unit: string; looks: number; sum: number; most: number };

/** Plain data that grows no larger. */
export type Tally = {
  readonly startedAt: number;
  readonly bins: Map<number, Bin>;
  readonly gauges: Map<string, Gauge>;
  /** By whole minutes since the switch. */
  readonly lately: Map<number, Bin>;
};

const gaugesKept = 30;
const latelyMin = 5;

export function startTally(startedAt: number): Tally {
  return { startedAt, bins: new Map(), gauges: new Map(), lately: new Map() };
}

/** A request. CHANGES `tally`. What came before the switch, or long after it, is of no minute. */
export function tallyRequest(tally: Tally, seen: { at: number; ok: boolean; ms: number }): void {
  const minutes = Math.max(0, seen.at - tally.startedAt) / 60_000;
  const slot = classOf(seen.ms);
  const minute = Math.floor(minutes);
  count(tally.lately, minute, seen.ok, slot);
  // Requests come nearly in order: the oldest minute is the first that was begun.
  if (tally.lately.size > latelyMin) tally.lately.delete(Math.min(...tally.lately.keys()));
  const which = binEndsMin.findIndex((end) => minutes < end);
  if (which >= 0) count(tally.bins, which, seen.ok, slot);
}

/** CHANGES `bins`. */
function count(bins: Map<number, Bin>, at: number, ok: boolean, slot: number): void {
  let found = bins.get(at);
  if (found === undefined) {
    found = { requests: 0, errors: 0, latency: new Array<number>(classes).fill(0) };
    bins.set(at, found);
  }
  found.requests += 1;
  if (!ok) found.errors += 1;
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

export function summaryOf({ startedAt, bins, gauges, lately }: Tally): WatchSummary {
  return {
    startedAt,
    bins: binsOf(bins),
    gauges: [...gauges].map(([subject, one]) => ({ subject, ...one })),
    lately: binsOf(lately),
  };
}

function binsOf(bins: ReadonlyMap<number, Bin>): WatchSummary["bins"] {
  return [...bins]
    .toSorted(([a], [b]) => a - b)
    .map(([at, { requests, errors, latency }]) => ({ bin: at, requests, errors, latency: pairs(latency) }));
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
