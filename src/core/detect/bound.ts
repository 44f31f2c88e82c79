// What no test can beat, and how many more requests a test still needs at the rate seen so far.

/**
 * Bernoulli divergence KL(p || q) in nats: evidence that one request gives on average against the rate
 * `q` when failures really happen at rate `p`. Infinite where `q` rules out what `p` allows.
 */
export function divergence(p: number, q: number): number {
  return term(p, q) + term(1 - p, 1 - q);
}

function term(p: number, q: number): number {
  return p === 0 ? 0 : p * Math.log(p / q);
}

/** Wald's bound: mean requests that any test with false-alarm chance `alpha` needs to tell `p` from `threshold`. */
export function waldBound(alpha: number, p: number, threshold: number): number {
  return Math.log(1 / alpha) / divergence(p, threshold);
}

/** One component of a mixture: its logarithm now, weight included, and its rate of failures. */
export type Component = { readonly log: number; readonly rate: number };

/** More than this many more requests are not worth naming: the rate is too near the threshold. */
const tellableRequests = 1_000_000;

/**
 * Requests until one component alone reaches `needed` (an e-value), if failures go on at rate `p`;
 * null where none gets there in a sensible number. A component of rate r gains
 * KL(p || threshold) - KL(p || r) nats a request, so this is Wald's bound from where the test stands now.
 */
export function requestsUntil(
  components: readonly Component[],
  p: number,
  threshold: number,
  needed: number,
): number | null {
  let fewest = Number.POSITIVE_INFINITY;
  for (const { log, rate } of components) {
    const gain = divergence(p, threshold) - divergence(p, rate);
    if (gain > 0) fewest = Math.min(fewest, (Math.log(needed) - log) / gain);
  }
  return fewest <= tellableRequests ? Math.max(1, Math.ceil(fewest)) : null;
}
