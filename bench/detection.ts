// How soon a bad release is rolled back, how often a good one is, and what other tools' rules do with the same deploys.
import { aDozen, retrying } from "./detection/cases/clients.ts";
import { atDeploy, withinWatch } from "./detection/cases/onset.ts";
import { againstPeers } from "./detection/cases/peers.ts";
import { realLogs } from "./detection/cases/real-logs.ts";
import { updates } from "./detection/cases/speed.ts";
import { counting, weighing } from "./detection/cases/threshold.ts";
import { type BenchDocument, machine } from "./document.ts";

export const name = "detection";
export const about =
  "the whole pipeline: requests to a rollback against the information bound, false rollbacks, clients that retry, other tools' rules on the same deploys, real logs";
export const takes = "about 6 min on one core";
export const options = {
  seed: 1,
  /** Bad releases for each failure rate; a tenth of them where trouble begins later. */
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
    ...atDeploy(seed, runs),
    ...withinWatch(seed, Math.max(2, Math.ceil(runs / 10))),
    ...weighing(seed, deploys),
    ...counting(seed, deploys),
    ...retrying(seed, deploys),
    ...aDozen(seed, Math.max(2, Math.ceil(runs / 4)), deploys),
    ...againstPeers(seed, peers),
    ...realLogs(seed),
    ...updates(seed),
  ];
  return { bench: name, machine: machine(), options: given, results };
}
