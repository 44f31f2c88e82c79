// CodeDeploy or ECS with a CloudWatch alarm: M of the newest N periods breach.
import { each, type Peer, share } from "./peer.ts";

export type AlarmRule = {
  readonly periodS: number;
  readonly m: number;
  readonly n: number;
  readonly limit: number;
  /** A period's figure is there so long after its end. */
  readonly publishedAfterS: number;
};

/** A period without requests has no figure ("missing"): it neither breaches nor clears. */
export function cloudwatch({ periodS, m, n, limit, publishedAfterS }: AlarmRule): Peer["decide"] {
  return (view, untilS) => {
    const breaches: boolean[] = [];
    for (const endS of each(periodS, untilS - publishedAfterS)) {
      const value = share(view.service(endS - periodS, endS));
      if (!Number.isNaN(value)) breaches.push(value > limit);
      if (breaches.slice(-n).filter(Boolean).length >= m) return endS + publishedAfterS;
    }
    return null;
  };
}
