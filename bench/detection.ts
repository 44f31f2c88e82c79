// How soon a bad release is rolled back, how often a good one is, and what other tools' rules do with the same deploys.
import { aDozen, retrying } from "./detection/cases/clients.ts";
import { slow, slowAsAllowed } from "./detection/cases/latency.ts";
import { atDeploy, withinWatch } from "./detection/cases/onset.ts";
import { dependencyFails, shared, worseBesideOld } from "./detection/cases/outage.ts";
import { nobodyPays, nobodyPaysLater, payingAsUsual, paymentsFail } from "./detection/cases/payments.ts";
import { againstPeers } from "./detection/cases/peers.ts";
import { realLogs } from "./detection/cases/real-logs.ts";
import { updates } from "./detection/cases/speed.ts";
import { counting, evidenceAlone, weighing } from "./detection/cases/threshold.ts";
import { roundsAsAllowed } from "./detection/cases/vigil.ts";
import { type BenchDocument, machine } from "./document.ts";

export const name = "detection";
export const about =
  "the whole pipeline: requests to a rollback against the information bound, false rollbacks, clients that retry, other tools' rules on the same deploys, real logs";
export const takes = "about 15 min on one core";
export const options = {
  seed: 1,
  /** Bad releases for each case; some times as many where limits are to be close. */
  runs: 2_000,
  /** Deploys at exactly the allowed rate, for each traffic that is cheap; busy ones get fewer, see the figures. */
  deploys: 20_000,
  /** Deploys for each traffic and share that other tools' rules look at. */
  peers: 200,
};
type Options = typeof options;

export async function run(given: Options): Promise<BenchDocument> {
  const { seed, runs, deploys, peers } = given;
  const results = [
    ...atDeploy(seed, 4 * runs),
    ...withinWatch(seed, Math.ceil(1.5 * runs)),
    ...weighing(seed, deploys),
    ...counting(seed, deploys),
    ...evidenceAlone(seed, deploys),
    ...retrying(seed, deploys),
    ...aDozen(seed, part(runs, 4), deploys),
    ...slow(seed, runs),
    ...slowAsAllowed(seed, part(deploys, 4)),
    ...nobodyPays(seed, runs),
    ...nobodyPaysLater(seed, part(runs, 4)),
    ...paymentsFail(seed, 4 * runs),
    ...payingAsUsual(seed, part(deploys, 4)),
    ...roundsAsAllowed(seed, deploys),
    ...shared(seed, part(deploys, 5)),
    ...worseBesideOld(seed, part(runs, 4)),
    ...dependencyFails(seed, part(runs, 5)),
    ...againstPeers(seed, peers),
    ...realLogs(seed),
    ...updates(seed),
  ];
  return { bench: name, machine: machine(), options: given, results };
}

/** Two at least, so that limits can be told. */
function part(whole: number, of: number): number {
  return Math.max(2, Math.ceil(whole / of));
}
