// Flagger: each tick a failed check, or a metric without values, adds one; good checks take none away.
import { each, type Peer, share } from "./peer.ts";

export type FlaggerRule = {
  readonly intervalS: number;
  readonly windowS: number;
  readonly success: number;
  readonly threshold: number;
  /** Checks until the canary is promoted and nobody looks any more. */
  readonly checks: number;
};

/** Rolled back on the tick after the one that reached the threshold: that tick looks at the count first. */
export function flagger(rule: FlaggerRule): Peer["decide"] {
  const { intervalS, windowS, success, threshold, checks } = rule;
  return (view, untilS) => {
    let failed = 0;
    for (const nowS of each(intervalS, untilS)) {
      if (failed >= threshold) return nowS;
      if (nowS > checks * intervalS) return null;
      if (!(1 - share(view.service(nowS - windowS, nowS)) >= success)) failed += 1;
    }
    return null;
  };
}
