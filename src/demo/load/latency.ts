// Latencies in fixed memory: buckets that grow by 2 %.

const SMALLEST_MS = 0.01;
const GROWTH = Math.log(1.02);
/** Up to about 75 s. */
const BUCKETS = 800;

/** Milliseconds; percentiles are exact to 2 %, `max` is exact. All 0 where nothing was measured. */
export type Latency = {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
};

export type LatencyMeter = { add(ms: number): void; read(): Latency };

export function createLatencyMeter(): LatencyMeter {
  const counts = new Uint32Array(BUCKETS);
  let total = 0;
  let max = 0;
  const percentile = (share: number) => {
    const rank = Math.ceil(total * share);
    let seen = 0;
    for (const [bucket, count] of counts.entries()) {
      seen += count;
      // A bucket's upper edge may lie above the largest value that was seen.
      if (seen >= rank && count > 0) return Math.min(max, SMALLEST_MS * Math.exp((bucket + 1) * GROWTH));
    }
    return 0;
  };
  return {
    add(ms) {
      const bucket = Math.floor(Math.log(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) / GROWTH);
      counts[Math.min(bucket, BUCKETS - 1)] = (counts[Math.min(bucket, BUCKETS - 1)] ?? 0) + 1;
      total += 1;
      max = Math.max(max, ms);
    },
    read: () => ({ p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99), max }),
  };
}
