// Cloud Run Release Manager: the share of errors in a look-back window, at each turn of its loop.
import { each, type Peer, share } from "./peer.ts";

export type ReleaseManagerRule = {
  readonly loopS: number;
  readonly windowS: number;
  readonly limit: number;
};

/** Unhealthy wins over "not enough requests": one error in twenty requests is enough. */
export function releaseManager({ loopS, windowS, limit }: ReleaseManagerRule): Peer["decide"] {
  return (view, untilS) => {
    for (const nowS of each(loopS, untilS)) {
      // The candidate is a revision of its own: nothing from before it counts.
      if (share(view.service(Math.max(0, nowS - windowS), nowS)) > limit) return nowS;
    }
    return null;
  };
}
