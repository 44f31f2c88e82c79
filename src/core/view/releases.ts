// Questions about the releases of an environment that guards, plans and screens all ask.
import type { EnvState, ReleaseState } from "../env-state.ts";
import { limits } from "../limits.ts";
import type { Release } from "../release.ts";
import { envState, type State } from "../state.ts";

export function isQuarantined(env: EnvState, digest: string): boolean {
  return env.quarantine[digest] !== undefined;
}

/** The newest release that passed its watch and is not quarantined, other than `except`. */
export function lastGood(env: EnvState, except: string | null = null): ReleaseState | null {
  const good = Object.values(env.releases).filter(
    (one) =>
      one.goodAt !== null && one.kept && one.release.id !== except && !isQuarantined(env, one.release.digest),
  );
  return good.sort((a, b) => (b.servedAt ?? 0) - (a.servedAt ?? 0))[0] ?? null;
}

/** Newest first: what a person can choose from. */
export function newestFirst(env: EnvState): readonly ReleaseState[] {
  return Object.values(env.releases).sort((a, b) => (b.servedAt ?? b.madeAt) - (a.servedAt ?? a.madeAt));
}

/** The newest release of a version (a version can be captured again with other content). */
export function byVersion(env: EnvState, version: string): ReleaseState | null {
  return (
    newestFirst(env).find((one) => one.release.version === version || one.release.id === version) ?? null
  );
}

/** Release ids whose files may go: beyond the kept good ones; failed ones never push out a good one. */
export function forgettable(env: EnvState, keep: number = limits.keepGoodReleases): readonly string[] {
  const all = newestFirst(env).filter((one) => one.kept && one.release.id !== env.serving);
  const good = all.filter((one) => one.goodAt !== null).slice(keep);
  const failed = all.filter((one) => one.goodAt === null).slice(keep);
  const watched = new Set([env.watch?.release, env.watch?.previous]);
  return [...good, ...failed].map((one) => one.release.id).filter((id) => !watched.has(id));
}

/** Releases of an environment, the serving one first, then the newest. */
export function knownReleases(state: State, env: string): readonly Release[] {
  const { releases, serving } = envState(state, env);
  const first = serving === null ? undefined : releases[serving]?.release;
  const others = Object.values(releases)
    .toSorted((a, b) => b.madeAt - a.madeAt)
    .map((one) => one.release);
  return first ? [first, ...others.filter((one) => one.id !== first.id)] : others;
}
