// Answer times by size, in steps of 0.5 %: enough to say what half, a tenth and a twentieth of them exceed.
import { lowerLimit } from "./beta.ts";
import type { Quantiles } from "./latency-stream.ts";

/** What is lost by rounding up makes slowness harder to see: of the 20 % beyond what is allowed, 2 % are a tenth. */
const step = Math.log(1.005);
/** Below this, milliseconds, all are equally fast. */
const leastMs = 0.1;
/** Of fewer nothing can be said about the slowest twentieth. */
const leastCount = 200;
/** Chance of each quantile's estimate to be too low. */
const alpha = 0.001;

/** Counts by bucket; the bucket is where the time lies on a logarithmic scale. Plain data. */
export type Histogram = { count: number; readonly buckets: Record<string, number> };

export function startHistogram(): Histogram {
  return { count: 0, buckets: {} };
}

/** CHANGES `histogram`. */
export function countTime(histogram: Histogram, ms: number): void {
  const bucket = Math.max(0, Math.ceil(Math.log(Math.max(ms, leastMs) / leastMs) / step));
  histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
  histogram.count += 1;
}

/** Upper edge of a bucket, milliseconds. */
function edge(bucket: number): number {
  return leastMs * Math.exp(bucket * step);
}

/**
 * Upper estimates: for each quantile the smallest edge below which its share of all times is shown to lie (exact lower
 * limit of the share, Clopper and Pearson). Null of too few.
 */
export function upperQuantiles({ count, buckets }: Histogram): Quantiles | null {
  if (count < leastCount) return null;
  const sorted = Object.entries(buckets)
    .map(([bucket, times]) => ({ bucket: Number(bucket), times }))
    .sort((a, b) => a.bucket - b.bucket);
  const quantile = (share: number): number => {
    let below = 0;
    for (const { bucket, times } of sorted) {
      below += times;
      // The limit is costly, and never above the share itself.
      if (below >= share * count && lowerLimit(below, count, alpha) >= share) return edge(bucket);
    }
    return edge(sorted.at(-1)?.bucket ?? 0);
  };
  return { p50: quantile(0.5), p90: quantile(0.9), p95: quantile(0.95) };
}
