// How soon a bad release is rolled back: bad from the deploy on, or from any moment of the watch.
import { waldBound } from "../../../src/core/detect/bound.ts";
import type { BenchResult } from "../../document.ts";
import { drawDeploy, type Shape } from "../deploy.ts";
import { alpha, watch, watchDeploy } from "../pipeline.ts";
import { begin, delay } from "../report.ts";

export const failing = [0.015, 0.02, 0.05, 0.1, 0.2, 0.5];
const rate = 50;
/** Of a healthy release. */
export const healthy = 0.001;

const boundName = "log(1/alpha)/KL";

export function atDeploy(seed: number, runs: number): readonly BenchResult[] {
  return failing.map((share) => {
    const random = begin(`${runs} releases that fail ${100 * share} % from the deploy on`, seed);
    // So long that none is missed: 30 times the bound.
    const lengthS = Math.ceil((30 * waldBound(alpha, share, watch.threshold)) / rate) + 10;
    const shape: Shape = { rate, clients: 10_000, lengthS, failing: () => share };
    const samples = Array.from({ length: runs }, () => watchDeploy(drawDeploy(random, shape)).requests);
    return delay(
      `${100 * share} % fail from the deploy on, 50 requests/s`,
      samples,
      { name: boundName, requests: waldBound(alpha, share, watch.threshold) },
      "<= 1.35",
      "the whole pipeline, breadth and its share of alpha included; the bound has the whole alpha",
    );
  });
}

/** It begins at any moment of the watch, each as likely; before it the release is healthy. */
export function withinWatch(seed: number, runs: number): readonly BenchResult[] {
  return failing.map((share) => {
    const random = begin(
      `${runs} releases that fail ${100 * share} % from some moment within 30 minutes`,
      seed,
    );
    const longestS = Math.ceil((30 * waldBound(alpha, share, watch.threshold)) / rate) + 60;
    const samples = Array.from({ length: runs }, () => {
      const onsetS = Math.floor(random.uniform() * watch.horizonS);
      const shape: Shape = {
        rate,
        clients: 10_000,
        lengthS: onsetS + longestS,
        failing: (atS) => (atS >= onsetS ? share : healthy),
      };
      return sinceOnset(drawDeploy(random, shape), onsetS);
    });
    return delay(
      `${100 * share} % fail from any moment within 30 min on, 50 requests/s`,
      samples,
      { name: boundName, requests: waldBound(alpha, share, watch.threshold) },
      "<= 2.5",
      "requests from the onset on; a test that is told the onset would have this bound",
    );
  });
}

function sinceOnset(deploy: ReturnType<typeof drawDeploy>, onsetS: number): number {
  const { requests } = watchDeploy(deploy);
  let before = 0;
  for (let i = 0; i < onsetS; i++) before += (deploy.oks[i] ?? 0) + (deploy.errors[i] ?? 0);
  return requests - before;
}
