// Which services of others do not answer, and since when: from our own probes of them.
import type { Observation } from "../core/detect/finding.ts";

/** By name: when the failures in a row began (wall clock, milliseconds), and how many they are. */
export type Dependencies = Map<string, { readonly since: number; readonly failures: number }>;

/** A single failure may be ours. */
const leastFailures = 2;

/** CHANGES `dependencies`. */
export function noteDependency(dependencies: Dependencies, { route, ok, at }: Observation): void {
  const known = dependencies.get(route);
  if (ok) dependencies.set(route, { since: at, failures: 0 });
  else if (!known || known.failures === 0) dependencies.set(route, { since: at, failures: 1 });
  else dependencies.set(route, { since: known.since, failures: known.failures + 1 });
}

/** As attribution wants them. */
export function failingSince(dependencies: Dependencies) {
  return [...dependencies].map(([name, { since, failures }]) => {
    return { name, failingSince: failures >= leastFailures ? since : null };
  });
}
