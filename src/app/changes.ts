// What changed lately, from the journal: what a decision is made beside, where detection has not said more.
import type { Attribution, Change, RankedChange } from "../core/attribute/attribution.ts";
import { envState } from "../core/state.ts";
import type { App } from "./app.ts";

/** Deploys and ways back, their migrations, values that an app is started with, flags, the config, certificates. */
export function recentChanges(app: App, env: string): readonly Change[] {
  const { known } = envState(app.deps.ledger.state(), env).changes;
  return known.map(({ kind, name, at }) => ({ kind, name, at }));
}

/** Changes by their distance to the onset; whose doing it is stays open. */
export function unattributed(changes: readonly Change[], onset: number): Attribution {
  const ranked = changes.map((one): RankedChange => ({ ...one, distanceS: (onset - one.at) / 1_000 }));
  const rank = ({ distanceS }: RankedChange) => (distanceS >= 0 ? distanceS : Number.MAX_VALUE);
  return { cause: "unknown", changes: ranked.toSorted((a, b) => rank(a) - rank(b)), facts: [] };
}
