// A simulated deploy as the monitoring of other tools shows it: counts of any window.
import { seeded } from "../random.ts";
import type { Deploy } from "./deploy.ts";
import type { Counted, View } from "./peers/peer.ts";

/** `control`: the release before, which goes on serving; it has as many seconds as the deploy. */
export function viewOf(deploy: Deploy, control: Deploy): View {
  const service = windows(deploy);
  const before = windows(control);
  return {
    service,
    control: before,
    poll: (atS) => seeded(deploy.seed ^ Math.round(atS * 1_000)).uniform() >= deploy.shape.failing(atS),
    exitsAtS: null,
  };
}

/** Sums up to each second, so that a window costs two looks. */
function windows({ oks, errors, beforeS }: Deploy): (fromS: number, toS: number) => Counted {
  const requestsTo = new Float64Array(oks.length + 1);
  const errorsTo = new Float64Array(oks.length + 1);
  for (let i = 0; i < oks.length; i++) {
    errorsTo[i + 1] = (errorsTo[i] ?? 0) + (errors[i] ?? 0);
    requestsTo[i + 1] = (requestsTo[i] ?? 0) + (oks[i] ?? 0) + (errors[i] ?? 0);
  }
  const at = (sums: Float64Array, second: number) =>
    sums[Math.min(Math.max(second + beforeS, 0), oks.length)] ?? 0;
  return (fromS, toS) => ({
    requests: at(requestsTo, toS) - at(requestsTo, fromS),
    errors: at(errorsTo, toS) - at(errorsTo, fromS),
  });
}
