// What no test can beat, for streams that are no plain share of requests: the least mean delay of a test whose chance of
// a false alarm is `alpha` (Wald 1945: log(1/alpha) over the mean evidence of one trial).
import { divergence } from "../../src/core/detect/bound.ts";

/**
 * Expected events of silence. A Poisson stream that stops altogether gives one nat for each event that was due: its
 * divergence from the usual rate is (rate - 0) - 0 log(...), so the bound is log(1/alpha) events.
 */
export function silenceBound(alpha: number): number {
  return Math.log(1 / alpha);
}

/**
 * Requests, where only the shares beyond some quantiles of the usual times are looked at. `beyond`: quantile level left
 * over as usual (0.05 of the 95th percentile), and share now. Each alone gives Wald's bound of its own Bernoulli; the best
 * of them is a bound for tests of one of them.
 */
export function quantileBound(
  alpha: number,
  beyond: readonly (readonly [usual: number, now: number])[],
): number {
  return Math.log(1 / alpha) / Math.max(...beyond.map(([usual, now]) => divergence(now, usual)));
}

/**
 * The same for a test of all of them at once: the hypothesis is that no share is above the usual one, so what counts is
 * the divergence from the nearest distribution that obeys. By duality it is the largest mean log of the bets
 * 1 + sum of l_i (1{beyond i} - usual_i) with l_i >= 0 (Larsson, Ramdas, Ruf 2024: the numeraire), found by coordinate
 * ascent on a concave function.
 */
export function jointBound(
  alpha: number,
  beyond: readonly (readonly [usual: number, now: number])[],
): number {
  // Nested events, rarest last: the classes between them, with their chance now.
  const sorted = [...beyond].sort((a, b) => b[0] - a[0]);
  const chances = [1, ...sorted.map(([, now]) => now)].map((now, i, all) => now - (all[i + 1] ?? 0));
  const bets: number[] = sorted.map(() => 0);
  const gain = () =>
    chances.reduce((sum, chance, beyondFirst) => {
      const factor = bets.reduce(
        (f, bet, i) => f + bet * ((i < beyondFirst ? 1 : 0) - (sorted[i]?.[0] ?? 0)),
        1,
      );
      return sum + (factor > 0 ? chance * Math.log(factor) : Number.NEGATIVE_INFINITY);
    }, 0);
  for (let step = 1; step > 1e-7; step /= 2) {
    for (let moved = true; moved; ) {
      moved = false;
      for (let i = 0; i < bets.length; i++) {
        for (const by of [step, -step]) {
          const before = gain();
          const old = bets[i] ?? 0;
          bets[i] = Math.max(0, old + by);
          if (gain() > before) moved = true;
          else bets[i] = old;
        }
      }
    }
  }
  return Math.log(1 / alpha) / gain();
}
