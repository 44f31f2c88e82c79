// One client for whom nothing works, while everybody else is served: no evidence against the release, and yet to be told.
import type { ErrorStream } from "./error-state.ts";
import type { Finding } from "./finding.ts";
import { errorsWithoutWorst, worstRepeats } from "./repeats.ts";
import { count, plural } from "./why.ts";

/** So many failures of one client in a row of mutes: somebody is stuck, and it was no slip. */
const leastRepeats = 20;
/** Others may fail too, this much more rarely. */
const others = 0.25;

/** Null where there is none, or where it is everybody's trouble. Its evidence is no e-value: the failures, counted. */
export function oneClient(stream: ErrorStream): Extract<Finding, { outcome: "bad" }> | null {
  const { repeats, requests, errors, unit } = stream;
  const worst = worstRepeats(repeats);
  if (stream.alarm || worst < leastRepeats || errorsWithoutWorst(repeats) > others * worst) return null;
  const why =
    `${count(worst)} more ${unit}s of one client failed after its first failure, while ${count(errors)} of ` +
    `${plural(requests, unit)} of all clients did: it may be that client's own trouble`;
  return {
    outcome: "bad",
    stream: "client",
    breadth: "single-client",
    requests: repeats.requests,
    errors: worst,
    errorClients: 1,
    evidence: worst,
    needed: leastRepeats,
    threshold: stream.process.threshold,
    onsetS: null,
    why,
  };
}
