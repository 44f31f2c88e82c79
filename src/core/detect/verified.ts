// The opposite test: evidence that a release fails less often than allowed.
import { type Component, requestsUntil } from "./bound.ts";

/** Chance to call a release verified that fails as often as the threshold or more. */
export const verifyBeta = 0.01;
/** No release is verified while the evidence against it is at least this (1: none, `needed`: enough). */
export const doubt = 10;
/** Alternatives as shares of the threshold: from flawless to just below it. */
const fractions = [0, 0.1, 0.25, 0.5, 0.75];
const ceiling = 1e300;

/**
 * E-value against H0: given the past, each request fails with probability at least `threshold` (p0).
 * For an alternative r < p0 the factors are r/p0 (error) and (1-r)/(1-p0) (ok). Their mean given the past,
 * p r/p0 + (1-p)(1-r)/(1-p0), falls with p and is 1 at p0, so it is at most 1 for every p >= p0: again a
 * supermartingale for any dependence, any mute (which skips by the past alone) and any time of looking.
 * P(it ever reaches 1/beta) <= beta. Trouble has no start time here, so two counts are all it needs.
 * What it does not say: with a mute it speaks of requests from clients that did not just fail.
 */
export function evidenceOfHealth(threshold: number, requests: number, errors: number): number {
  const logs = healthComponents(threshold, requests, errors);
  return logs.reduce((sum, { log }) => sum + Math.min(Math.exp(log), ceiling / fractions.length), 0);
}

function healthComponents(threshold: number, requests: number, errors: number): readonly Component[] {
  return fractions.map((fraction) => {
    const rate = fraction * threshold;
    // 0 errors at rate 0 is certain; log(0) * 0 would be NaN.
    const ofErrors = errors === 0 ? 0 : errors * Math.log(fraction);
    const ofOks = (requests - errors) * Math.log((1 - rate) / (1 - threshold));
    return { rate, log: ofErrors + ofOks - Math.log(fractions.length) };
  });
}

/** About how many more requests until the release is verified, if it goes on as it did; null: cannot be told. */
export function requestsToVerify(
  threshold: number,
  requests: number,
  errors: number,
  beta: number,
): number | null {
  const rate = requests === 0 ? 0 : errors / requests;
  const possible = healthComponents(threshold, requests, errors).filter(
    ({ log }) => log > Number.NEGATIVE_INFINITY,
  );
  return requestsUntil(possible, rate, threshold, 1 / beta);
}
