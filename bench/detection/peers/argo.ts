// Argo Rollouts: an AnalysisRun that measures on a timer; failures add up and are never forgiven.
import { each, type Peer, share, type View } from "./peer.ts";

export type ArgoRule = {
  readonly intervalS: number;
  /** Window of the query. */
  readonly windowS: number;
  /** `result >= success` is a good measurement. */
  readonly success: number;
  /** More failed measurements than this end the run. */
  readonly failureLimit: number;
};

/** A NaN (nothing was asked for) does not satisfy a success condition: the measurement failed. */
export function argo({ intervalS, windowS, success, failureLimit }: ArgoRule): Peer["decide"] {
  return (view: View, untilS) => {
    let failed = 0;
    for (const nowS of each(intervalS, untilS)) {
      if (!(1 - share(view.service(nowS - windowS, nowS)) >= success)) failed += 1;
      if (failed > failureLimit) return nowS;
    }
    return null;
  };
}
