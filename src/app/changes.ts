// What changed lately, from the journal: what a decision is made beside, where detection has not said more.
import type { Attribution, Change, RankedChange } from "../core/attribute/attribution.ts";
import type { Event } from "../core/event.ts";
import type { App } from "./app.ts";

const rows = 50;

/** The newest deploys, ways back and switches of flags of an environment. */
export function recentChanges(app: App, env: string): readonly Change[] {
  const { journal } = app.deps.ledger;
  return journal
    .newest(["run.planned", "flag.switched", "flag.lifted"], journal.head() + 1, rows)
    .flatMap((event) => changeOf(event, env));
}

function changeOf(event: Event, env: string): readonly Change[] {
  if (event.type === "run.planned") {
    const { plan } = event.data;
    const isChange = plan.env === env && !["retire", "revive"].includes(plan.kind);
    const kind = plan.kind === "migrate-down" ? "migration" : "deploy";
    return isChange ? [{ kind, name: plan.target, at: event.at }] : [];
  }
  const isFlag = event.type === "flag.switched" || event.type === "flag.lifted";
  return isFlag && event.data.env === env ? [{ kind: "flag", name: event.data.flag, at: event.at }] : [];
}

/** Changes by their distance to the onset; whose doing it is stays open. */
export function unattributed(changes: readonly Change[], onset: number): Attribution {
  const ranked = changes.map((one): RankedChange => ({ ...one, distanceS: (onset - one.at) / 1_000 }));
  const rank = ({ distanceS }: RankedChange) => (distanceS >= 0 ? distanceS : Number.MAX_VALUE);
  return { cause: "unknown", changes: ranked.toSorted((a, b) => rank(a) - rank(b)), facts: [] };
}
