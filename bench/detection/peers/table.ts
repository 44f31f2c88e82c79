// The peers, each at its documented setting and at its quickest.
import { argo } from "./argo.ts";
import { burnRate } from "./burn-rate.ts";
import { releaseManager } from "./cloud-run.ts";
import { cloudwatch } from "./cloudwatch.ts";
import { flagger } from "./flagger.ts";
import { growthbook } from "./growthbook.ts";
import { kayenta } from "./kayenta.ts";
import type { Peer } from "./peer.ts";
import { kamal, pollScript, swarm } from "./start-only.ts";

/** How far apart a usual Prometheus looks: no query on it is quicker. */
const scrapeS = 15;
const minute = { success: 0.99, windowS: 60 };

function peer(name: string, setting: Peer["setting"], how: string, decide: Peer["decide"]): Peer {
  return { name, setting, how, decide };
}

export const peers: readonly Peer[] = [
  peer(
    "Argo Rollouts",
    "documented",
    "each 5 min, irate, >= 95 %, failureLimit 3",
    argo({ intervalS: 300, windowS: scrapeS, success: 0.95, failureLimit: 3 }),
  ),
  peer(
    "Argo Rollouts, each minute",
    "documented",
    "each 1 min, >= 99 %, failureLimit 3",
    argo({ intervalS: 60, failureLimit: 3, ...minute }),
  ),
  peer(
    "Argo Rollouts, default limit",
    "documented",
    "each 1 min, >= 99 %, failureLimit 0 (the default)",
    argo({ intervalS: 60, failureLimit: 0, ...minute }),
  ),
  peer(
    "Argo Rollouts",
    "fastest",
    "each 15 s over 15 s (one scrape), >= 99 %, failureLimit 0",
    argo({ intervalS: scrapeS, windowS: scrapeS, success: 0.99, failureLimit: 0 }),
  ),
  peer(
    "Flagger",
    "documented",
    "each 1 min, >= 99 %, threshold 5, 10 checks (tutorial)",
    flagger({ intervalS: 60, threshold: 5, checks: 10, ...minute }),
  ),
  peer(
    "Flagger, default threshold",
    "documented",
    "each 1 min, >= 99 %, threshold 1 (the default), 10 checks",
    flagger({ intervalS: 60, threshold: 1, checks: 10, ...minute }),
  ),
  peer(
    "Flagger",
    "fastest",
    "each 10 s (the least allowed) over 15 s, >= 99 %, threshold 1, 60 checks",
    flagger({ intervalS: 10, windowS: scrapeS, success: 0.99, threshold: 1, checks: 60 }),
  ),
  peer(
    "Kayenta",
    "documented",
    "each 1 h for 3 h, a point a minute, 98 %",
    kayenta({ intervalS: 3600, lifetimeS: 10_800, stepS: 60, leastPoints: 50 }),
  ),
  peer(
    "Kayenta",
    "fastest",
    "a point each 15 s, judged with the 50th",
    kayenta({ intervalS: 50 * scrapeS, lifetimeS: 10_800, stepS: scrapeS, leastPoints: 50 }),
  ),
  peer(
    "CloudWatch 3 of 3",
    "documented",
    "periods of 60 s, > 1 %, published after 60 s",
    cloudwatch({ periodS: 60, m: 3, n: 3, limit: 0.01, publishedAfterS: 60 }),
  ),
  peer(
    "CloudWatch 1 of 1",
    "documented",
    "periods of 60 s, > 1 %, published after 60 s",
    cloudwatch({ periodS: 60, m: 1, n: 1, limit: 0.01, publishedAfterS: 60 }),
  ),
  peer(
    "CloudWatch 1 of 1",
    "fastest",
    "high resolution: periods of 10 s, > 1 %, published at once",
    cloudwatch({ periodS: 10, m: 1, n: 1, limit: 0.01, publishedAfterS: 0 }),
  ),
  peer(
    "burn rates",
    "documented",
    "99.9 %, pages of 1 h and 6 h, each 30 s, group_wait 30 s",
    burnRate({ objective: 0.999, evaluateS: 30, groupWaitS: 30 }),
  ),
  peer(
    "burn rates",
    "fastest",
    "99.9 %, pages of 1 h and 6 h, each 15 s, no group_wait",
    burnRate({ objective: 0.999, evaluateS: scrapeS, groupWaitS: 0 }),
  ),
  peer(
    "Cloud Run Release Manager",
    "documented",
    "each 60 s over 30 min, > 1 %, min-requests 0 (its metrics come each 60 s: nothing is quicker)",
    releaseManager({ loopS: 60, windowS: 1800, limit: 0.01 }),
  ),
  peer(
    "GrowthBook safe rollout",
    "documented",
    "refreshed each 6 h, alpha .05, N* 5000",
    growthbook({ refreshS: 21_600, alpha: 0.05, tunedFor: 5000 }),
  ),
  peer(
    "GrowthBook safe rollout",
    "fastest",
    "refreshed each minute, alpha .05, N* 5000",
    growthbook({ refreshS: 60, alpha: 0.05, tunedFor: 5000 }),
  ),
  peer("Swarm", "documented", "monitor 5 s, failure_action pause", swarm(5, "pause")),
  peer("Swarm", "fastest", "monitor 5 s, failure_action rollback", swarm(5, "rollback")),
  peer("Kamal", "documented", "GET /up each 1 s, 30 s", kamal(30, 1)),
  peer("poll script", "documented", "each 10 s, 3 failures in a row", pollScript(10, 3)),
  peer("poll script", "fastest", "each 1 s, the first failure", pollScript(1, 1)),
];
