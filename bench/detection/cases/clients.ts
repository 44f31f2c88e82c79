// Who fails matters: one client or five that retry, and sites where a dozen people ask for everything.
import { waldBound } from "../../../src/core/detect/bound.ts";
import type { BenchResult } from "../../document.ts";
import { drawDeploy, type Retrying, type Shape } from "../deploy.ts";
import { alpha, watch, watchDeploy } from "../pipeline.ts";
import { begin, delay, share } from "../report.ts";
import { healthy } from "./onset.ts";

const burst: Retrying = { errors: 60, rate: 5, everyS: 600 };

export function retrying(seed: number, deploys: number): readonly BenchResult[] {
  const n = Math.max(2, Math.ceil(deploys / 20));
  return [1, 5].flatMap((many) =>
    [5, 50].map((rate) => {
      const who = many === 1 ? "one client fails" : `${many} clients fail, each`;
      const random = begin(`${n} healthy deploys, ${who} again and again, ${rate} requests/s`, seed);
      const shape: Shape = {
        rate,
        clients: 40 * rate,
        lengthS: watch.horizonS,
        failing: () => healthy,
        retrying: Array.from({ length: many }, () => burst),
      };
      const label = `healthy (0.1 %), ${rate} requests/s; ${who} 60 times at 5/s each 10 minutes: rolled back`;
      return share(label, rolledBack(random, shape, n), n, "<= 0.01");
    }),
  );
}

const dozen = 12;

export function aDozen(seed: number, runs: number, deploys: number): readonly BenchResult[] {
  const healthyOnes = Math.max(2, Math.ceil(deploys / 20));
  const random = begin(`${healthyOnes} deploys at exactly 1 % with a dozen clients`, seed);
  const still: Shape = { rate: 5, clients: dozen, lengthS: watch.horizonS, failing: () => watch.threshold };
  const count = rolledBack(random, still, healthyOnes);
  const bad = [0.05, 0.2].map((failing) => {
    const samples = Array.from({ length: runs }, () => {
      const shape: Shape = { rate: 50, clients: dozen, lengthS: 600, failing: () => failing };
      return watchDeploy(drawDeploy(random, shape)).requests;
    });
    return delay(
      `${100 * failing} % fail from the deploy on, a dozen clients in all, 50 requests/s`,
      samples,
      { name: "log(1/alpha)/KL", requests: waldBound(alpha, failing, watch.threshold) },
      null,
    );
  });
  return [
    share("exactly 1 % fail, a dozen clients in all, 5 requests/s: rolled back", count, healthyOnes, null),
    ...bad,
  ];
}

function rolledBack(random: Parameters<typeof drawDeploy>[0], shape: Shape, n: number): number {
  let count = 0;
  for (let i = 0; i < n; i++) if (watchDeploy(drawDeploy(random, shape)).finding !== null) count += 1;
  return count;
}
