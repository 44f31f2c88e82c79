// The situation of a finding, for the pure decision.
import { type Decision, decide } from "../core/decide/decide.ts";
import type { Finding } from "../core/detect/finding.ts";
import type { WatchState } from "../core/env-state.ts";
import { envState } from "../core/state.ts";
import { lastGood } from "../core/view/releases.ts";
import type { App, Site } from "./app.ts";

export function decideOn(app: App, site: Site, watch: WatchState, finding: Finding): Decision {
  const env = envState(app.deps.ledger.state(), site.settings.env);
  const good = lastGood(env, watch.release);
  return decide({
    env: site.settings.env,
    watch: watch.watch,
    finding,
    after: watch.after,
    release: env.releases[watch.release]?.release.version ?? watch.release,
    lastGood: good?.release.version ?? null,
    policy: { release: site.settings.policy.release },
  });
}
