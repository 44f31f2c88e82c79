// Requests by second since the deploy: enough to replay the e-process, and to date and attribute the trouble.
import { type EProcess, tickShare } from "./e-process.ts";

/** Index is the number of ticks before the request, so there are at most `horizonS + 1` buckets. */
export type Counts = { readonly requests: number[]; readonly errors: number[] };

export function startCounts(): Counts {
  return { requests: [0], errors: [0] };
}

/** Make buckets up to a tick. CHANGES `counts`. */
export function openBuckets(counts: Counts, tick: number): void {
  while (counts.requests.length <= tick) {
    counts.requests.push(0);
    counts.errors.push(0);
  }
}

/** Count one request into an open bucket. CHANGES `counts`. */
export function countRequest(counts: Counts, tick: number, ok: boolean): void {
  counts.requests[tick] = (counts.requests[tick] ?? 0) + 1;
  if (!ok) counts.errors[tick] = (counts.errors[tick] ?? 0) + 1;
}

/** Count several into an open bucket. CHANGES `counts`. */
export function countMany(counts: Counts, tick: number, requests: number, errors: number): void {
  counts.requests[tick] = (counts.requests[tick] ?? 0) + requests;
  counts.errors[tick] = (counts.errors[tick] ?? 0) + errors;
}

/** Requests and errors from a bucket on. */
export function since(counts: Counts, tick: number): { readonly requests: number; readonly errors: number } {
  const sum = (values: readonly number[]) => values.slice(tick).reduce((a, b) => a + b, 0);
  return { requests: sum(counts.requests), errors: sum(counts.errors) };
}

/** What the bets on one rate have become, by the tick at which they were started. */
export type Starts = {
  readonly weight: number;
  readonly errorLog: number;
  readonly logs: readonly number[];
};

/**
 * Logarithms of prior share times growth, for each rate and start. Their sum over starts is that rate's R,
 * so this replays the e-process from the buckets. Cost: rates times buckets.
 */
export function startsByRate(process: EProcess, counts: Counts): readonly Starts[] {
  return process.parts.map(({ weight, late, logOfOk, factorOfError }) => {
    const errorLog = Math.log(factorOfError);
    const logs: number[] = new Array(counts.requests.length).fill(0);
    const prior = { deploy: Math.log(process.deployShare), later: Math.log(tickShare(process) * late) };
    let growth = 0;
    for (let tick = logs.length - 1; tick >= 0; tick--) {
      const errors = counts.errors[tick] ?? 0;
      growth += errors * errorLog + ((counts.requests[tick] ?? 0) - errors) * logOfOk;
      logs[tick] = growth + (tick === 0 ? prior.deploy : prior.later);
    }
    return { weight, errorLog, logs };
  });
}

/**
 * Seconds after the deploy at which the trouble most likely began: the median of the posterior over start
 * times. Null before there is anything to date.
 */
export function onset(process: EProcess, counts: Counts): number | null {
  const starts = startsByRate(process, counts);
  const highest = starts.reduce(
    (max, { logs }) => logs.reduce((a, b) => Math.max(a, b), max),
    Number.NEGATIVE_INFINITY,
  );
  if (highest === Number.NEGATIVE_INFINITY) return null;
  const shares = counts.requests.map((_, tick) =>
    starts.reduce((sum, { weight, logs }) => {
      return sum + weight * Math.exp((logs[tick] ?? Number.NEGATIVE_INFINITY) - highest);
    }, 0),
  );
  const total = shares.reduce((a, b) => a + b, 0);
  let passed = 0;
  return shares.findIndex((share) => {
    passed += share;
    return passed >= total / 2;
  });
}
