// The situation of a finding or a report, gathered from journal and settings, for the pure decision.
import type { Attribution } from "../core/attribute/attribution.ts";
import { type Decision, decide } from "../core/decide/decide.ts";
import { defaultPolicy, type Policy } from "../core/decide/policy.ts";
import { suspectFlag, type Ways } from "../core/decide/remedy.ts";
import type { Report } from "../core/decide/severity.ts";
import type { Finding } from "../core/detect/finding.ts";
import type { WatchState } from "../core/env-state.ts";
import { offVariant } from "../core/flags/model.ts";
import { envState } from "../core/state.ts";
import { lastGood } from "../core/view/releases.ts";
import type { App, Site } from "./app.ts";
import { recentChanges, unattributed } from "./changes.ts";

export function decideOn(
  app: App,
  site: Site,
  watch: WatchState,
  finding: Finding,
  attribution: Attribution | null = null,
): Decision {
  const onsetS = finding.outcome === "bad" ? (finding.onsetS ?? 0) : 0;
  const onset = watch.startedAt + onsetS * 1_000;
  const known = attribution ?? unattributed(recentChanges(app, watch.env), onset);
  return decide({
    ...around(app, site, watch.release, known),
    watch: watch.watch,
    finding,
    report: null,
    after: watch.after,
  });
}

/** For a person's word, or another system's. */
export function decideOnReport(app: App, site: Site, report: Report): Decision {
  const { env } = site.settings;
  const { serving, watch } = envState(app.deps.ledger.state(), env);
  const known = unattributed(recentChanges(app, env), app.deps.clock.now());
  return decide({
    ...around(app, site, serving, known),
    watch: watch?.watch ?? null,
    finding: watch?.finding ?? null,
    report,
    after: watch?.after ?? null,
  });
}

export function policyOf({ settings }: Site): Policy {
  return { ...defaultPolicy, ...settings.policy };
}

/** What a decision is made beside, whatever was found. */
export function around(app: App, site: Site, release: string | null, attribution: Attribution) {
  const env = envState(app.deps.ledger.state(), site.settings.env);
  const served = release === null ? undefined : env.releases[release];
  const good = lastGood(env, release);
  const ways: Ways = {
    lastGood: good?.release.version ?? null,
    // The release before stays ready while its successor is watched.
    warm: good !== null && env.watch?.previous === good.release.id,
    flag: switchable(app, site, suspectFlag(attribution)),
    restorePoint: served?.restorePoint ?? null,
  };
  return {
    env: site.settings.env,
    release: served?.release.version ?? release ?? "nothing",
    servingSince: release === env.serving ? env.servingSince : null,
    ways,
    attribution,
    policy: policyOf(site),
    acts: env.acts,
    now: app.deps.clock.now(),
  };
}

/** A flag that is known here, can be off, and is not off already. */
function switchable(app: App, site: Site, name: string | null): string | null {
  const flags = app.flags.env(site.settings.env);
  const flag = name === null ? undefined : flags?.flags().get(name);
  if (!flags || !flag || name === null) return null;
  const off = offVariant(flag);
  return off !== null && flags.state().overrides[name]?.variant !== off ? name : null;
}
