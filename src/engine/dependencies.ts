// Which services of others do not answer, and since when: from our own probes of them.
import type { Dependency } from "../core/attribute/attribute.ts";
import type { Observation } from "../core/detect/finding.ts";
import { limits } from "../core/limits.ts";
import type { Clock } from "../ports/clock.ts";

type Known = {
  /** When the failures in a row began, when it answered last and when it was asked last: wall clock, milliseconds. */
  readonly since: number;
  readonly answered: number | null;
  readonly asked: number;
  readonly failures: number;
};
export type Dependencies = Map<string, Known>;

/** A single failure may be ours. */
const leastFailures = 2;
/** They are asked anew where a release looks bad, and waited for this long at most. */
const askAgainMs = limits.probeTimeoutMs + 1_000;

/** CHANGES `dependencies`. */
export function noteDependency(dependencies: Dependencies, { route, ok, at }: Observation): void {
  const known = dependencies.get(route);
  const answered = ok ? at : (known?.answered ?? null);
  const goesOn = !ok && known !== undefined && known.failures > 0;
  const failures = ok ? 0 : (known?.failures ?? 0) + 1;
  dependencies.set(route, { since: goesOn ? known.since : at, answered, asked: at, failures });
}

/** As attribution wants them. One that never answered while we looked may be a mistake in the config: it says nothing. */
export function failingSince(dependencies: Dependencies): readonly Dependency[] {
  return [...dependencies].map(([name, { since, answered, failures }]) => {
    const fails = failures >= leastFailures && answered !== null;
    return { name, failingSince: fails ? since : null, answered };
  });
}

/** Since when a release looks bad: on the monotonic clock, and the wall clock. Null: it does not. */
export type Suspicion = { readonly elapsedMs: number; readonly at: number } | null;

export function suspicion(before: Suspicion, looksBad: boolean, clock: Clock): Suspicion {
  return looksBad ? (before ?? { elapsedMs: clock.elapsed(), at: clock.now() }) : null;
}

/** Is it known whether the services of others answer since then? What never answered is not waited for. */
export function askedSince(dependencies: Dependencies, suspicion: Suspicion, clock: Clock): boolean {
  if (suspicion === null || clock.elapsed() - suspicion.elapsedMs >= askAgainMs) return true;
  return [...dependencies.values()].every(
    ({ answered, asked, failures }) =>
      answered === null || (asked >= suspicion.at && (failures === 0 || failures >= leastFailures)),
  );
}
