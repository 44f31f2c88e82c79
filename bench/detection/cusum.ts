// What no test can beat where nobody knows when trouble begins, even one that is told how bad it will be.
//
// CUSUM for the true rate has the least worst-case mean delay of all tests with its mean time to a false alarm (Lorden
// 1971; exactly: Moustakides 1986). Here it gets the same budget as the product: over a whole watch at the allowed rate
// it alarms with chance alpha. Unlike log(1/alpha)/KL this counts what it costs not to know the moment, and that requests
// and failures are whole numbers: the evidence goes past the limit by part of a failure.
import type { Random } from "../random.ts";

export type Cusum = { readonly threshold: number; readonly rate: number; readonly healthy: number };
type Steps = { readonly ofError: number; readonly ofOk: number };

/** Requests under the allowed rate that say how often the sum is at rest, and excursions for the chance of an alarm. */
const atRestRuns = 400_000;
const mostExcursions = 6_000;
const excursionsPerRun = 10;
/** Newton steps: each multiplies the chance by what it is off. */
const rounds = 8;
/** Requests of a healthy release before the trouble: the sum has then forgotten its beginning. */
const before = 2_000;

/** Mean requests from the onset to the alarm, with false-alarm chance `alpha` over `requests` at the threshold. */
export function cusumDelay(
  random: Random,
  cusum: Cusum,
  alpha: number,
  requests: number,
  runs: number,
): number {
  const { threshold, rate, healthy } = cusum;
  const steps = { ofError: Math.log(rate / threshold), ofOk: Math.log((1 - rate) / (1 - threshold)) };
  const limit = limitFor(random, cusum, steps, {
    alpha,
    requests,
    excursions: Math.min(mostExcursions, 200 + excursionsPerRun * runs),
  });
  let all = 0;
  for (let i = 0; i < runs; i++) {
    let sum = 0;
    const step = (failing: number) => {
      sum = Math.max(0, sum + (random.uniform() < failing ? steps.ofError : steps.ofOk));
    };
    for (let k = 0; k < before; k++) step(healthy);
    for (; sum < limit; all++) step(rate);
  }
  return all / runs;
}

/**
 * Each failure at rest begins an excursion, which reaches the limit with a small chance; their number is as good as
 * Poisson. The chance is told by excursions drawn at the true rate, each weighed by its density (Wald's identity).
 */
function limitFor(
  random: Random,
  { threshold, rate }: Cusum,
  steps: Steps,
  budget: { readonly alpha: number; readonly requests: number; readonly excursions: number },
): number {
  const { alpha, requests, excursions } = budget;
  let atRest = 0;
  for (let i = 0, sum = 0; i < atRestRuns; i++) {
    if (sum <= 0) atRest += 1;
    sum = Math.max(0, sum + (random.uniform() < threshold ? steps.ofError : steps.ofOk));
  }
  const begun = (atRest / atRestRuns) * threshold * requests;
  let limit = Math.log(begun / alpha);
  for (let round = 0; round < rounds; round++) {
    let chance = 0;
    for (let i = 0; i < excursions; i++) {
      let sum = steps.ofError;
      while (sum > 0 && sum < limit) sum += random.uniform() < rate ? steps.ofError : steps.ofOk;
      if (sum >= limit) chance += Math.exp(steps.ofError - sum) / excursions;
    }
    limit += Math.log((begun * chance) / alpha);
  }
  return limit;
}
