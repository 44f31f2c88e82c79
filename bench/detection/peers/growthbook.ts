// GrowthBook safe rollouts: an asymptotic confidence sequence over the difference to the control arm.
import { type Counted, each, type Peer } from "./peer.ts";

export type SafeRolloutRule = {
  readonly refreshS: number;
  readonly alpha: number;
  /** The sample size for which the sequence is made tightest. */
  readonly tunedFor: number;
};

/** One-sided: worse by more than the sequence leaves open. */
export function growthbook({ refreshS, alpha, tunedFor }: SafeRolloutRule): Peer["decide"] {
  return (view, untilS) => {
    for (const nowS of each(refreshS, untilS)) {
      const fresh = view.service(0, nowS);
      const control = view.control(0, nowS);
      if (fresh.requests < 2 || control.requests < 2) continue;
      const [a, b] = [rateOf(control), rateOf(fresh)];
      const n = fresh.requests + control.requests;
      const variance = n * (spread(control) / control.requests + spread(fresh) / fresh.requests);
      if (variance <= 0) continue;
      if (b - a > halfWidth(variance, n, alpha, tunedFor)) return nowS;
    }
    return null;
  };
}

/** Half the width of the one-sided sequence (Waudby-Smith et al. 2021). */
export function halfWidth(variance: number, n: number, alpha: number, tunedFor: number): number {
  // The one-sided sequence is the two-sided one at twice the level.
  const level = 2 * alpha;
  const rho = Math.sqrt((-2 * Math.log(level) + Math.log(-2 * Math.log(level) + 1)) / tunedFor);
  const spent = n * rho * rho + 1;
  return (
    Math.sqrt(variance) * Math.sqrt((2 * spent * Math.log(1 + Math.sqrt(spent) / level)) / (n * rho) ** 2)
  );
}

function rateOf({ requests, errors }: Counted): number {
  return errors / requests;
}

function spread(counted: Counted): number {
  return rateOf(counted) * (1 - rateOf(counted));
}
