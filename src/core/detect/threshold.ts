// The failure rate that a release may have: 1 %, or more where it was more before the deploy.
import { upperLimit } from "./beta.ts";

/** What was counted before the deploy, with nothing known to be wrong; null: nothing was counted. */
export type Baseline = { readonly requests: number; readonly errors: number } | null;

/** Always tolerated, so that a service without any failures is not rolled back for its first one. */
export const leastThreshold = 0.01;
/** From here on nothing can be told to be worse, and the error stream never alarms. */
export const hopelessThreshold = 0.95;
/** A release is only worse when it is worse than before by this factor. */
const headroom = 1.5;
/**
 * Level of the baseline's upper limit. The limit may be too low with this chance; the threshold is below
 * the true rate only if limit * headroom is, and that chance is at most 0.01 ** 1.5 = 0.1 %
 * (exactly so for a flawless baseline, less for others; a test sums it up).
 */
const baselineAlpha = 0.01;

/**
 * p0 = max(1 %, 1.5 * U), U the Clopper-Pearson upper limit of the baseline.
 * A small baseline proves little and raises the threshold: flawless, it takes about 700 requests to stay at 1 %
 * (200 flawless requests give 3.4 %). Give null instead of a handful of requests.
 */
export function errorThreshold(baseline: Baseline, alpha: number = baselineAlpha): number {
  if (baseline === null || baseline.requests === 0) return leastThreshold;
  const limit = upperLimit(baseline.errors, baseline.requests, alpha);
  return Math.min(hopelessThreshold, Math.max(leastThreshold, headroom * limit));
}
