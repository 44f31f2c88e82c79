// How soon a bad release is rolled back: bad from the deploy on, or from any moment of the watch.
import { waldBound } from "../../../src/core/detect/bound.ts";
import { leastErrors } from "../../../src/core/detect/breadth.ts";
import { type Streams, startStreams } from "../../../src/core/detect/streams.ts";
import { type BenchResult, single, stats } from "../../document.ts";
import type { Random } from "../../random.ts";
import { type Crowd, crowdSecond } from "../bulk.ts";
import { cusumDelay } from "../cusum.ts";
import { drawDeploy, type Shape } from "../deploy.ts";
import { alpha, concluded, feed, rollsBack, watch, watchDeploy } from "../pipeline.ts";
import { begin, delay } from "../report.ts";

export const failing = [0.015, 0.02, 0.05, 0.1, 0.2, 0.5];
const rate = 50;
/** Of a healthy release. */
export const healthy = 0.001;

/** Breadth wants so many, whatever the evidence. */
const failuresName = `${leastErrors} failures`;
const boundName = "log(1/alpha)/KL";

export function atDeploy(seed: number, runs: number): readonly BenchResult[] {
  return failing.map((share) => {
    const random = begin(`${runs} releases that fail ${100 * share} % from the deploy on`, seed);
    // So long that none is missed: 30 times the bound.
    const lengthS = Math.ceil((30 * waldBound(alpha, share, watch.threshold)) / rate) + 10;
    const shape: Shape = { rate, clients: 10_000, lengthS, failing: () => share };
    const all = Array.from({ length: runs }, () => watchDeploy(drawDeploy(random, shape)));
    const bound = waldBound(alpha, share, watch.threshold);
    const proven = stats(all.map((one) => one.proven)).mean ?? Number.NaN;
    const row = delay(
      `${100 * share} % fail from the deploy on, 50 requests/s`,
      all.map(({ requests }) => requests),
      { name: boundName, requests: bound },
      "<= 1.35",
    );
    const note =
      `${row.note}; the whole pipeline, with breadth and its share of alpha; the evidence alone takes ` +
      `${(proven / bound).toFixed(3)} times the bound, and ${leastErrors} failures alone ` +
      `${(leastErrors / share / bound).toFixed(3)} times`;
    return { ...row, note, peers: { ...row.peers, [failuresName]: single(leastErrors / share) } };
  });
}

/** It begins at any moment of the watch, each as likely; before it the release is healthy. */
export function withinWatch(seed: number, runs: number): readonly BenchResult[] {
  return failing.map((share) => {
    const random = begin(
      `${runs} releases that fail ${100 * share} % from some moment within 30 minutes`,
      seed,
    );
    const samples = Array.from({ length: runs }, () => {
      return sinceOnset(random, share, random.uniform() * watch.horizonS);
    });
    const known = { threshold: watch.threshold, rate: share, healthy };
    const least = cusumDelay(random, known, alpha, rate * watch.horizonS, runs);
    const row = delay(
      `${100 * share} % fail from any moment within 30 min on, 50 requests/s`,
      samples,
      { name: boundName, requests: waldBound(alpha, share, watch.threshold) },
      "<= 2.5",
    );
    const toLeast = (row.product.mean ?? Number.NaN) / least;
    return {
      ...row,
      peers: { ...row.peers, [cusumName]: single(least) },
      ratio: { ...row.ratio, [cusumName]: toLeast },
      note:
        `${row.note}; requests from the onset on; log(1/alpha)/KL is for tests that are told the moment; the best that is ` +
        `not, though told the rate, takes ${(least / waldBound(alpha, share, watch.threshold)).toFixed(2)} times that, ` +
        `and ours ${toLeast.toFixed(2)} times what it takes`,
    };
  });
}

const cusumName = "CUSUM told the rate";

/** Requests from the onset to the rollback; one from before counts as none, and so does none at all. */
function sinceOnset(random: Random, share: number, onsetS: number): number {
  const streams = startStreams(watch);
  const crowd: Crowd = { rate, asked: 0 };
  let early = false;
  for (let atS = 0; atS < Math.floor(onsetS) && !early; atS++) {
    early = crowdSecond(streams, random, crowd, { atS, failing: healthy }, () => backAt(streams, atS));
  }
  if (early) return Number.POSITIVE_INFINITY;
  const most = 30 * waldBound(alpha, share, watch.threshold) + 60 * rate;
  let since = 0;
  for (let atS = Math.floor(onsetS) + random.gap() / rate; since < most; atS += random.gap() / rate) {
    const bad = atS >= onsetS;
    if (bad) since += 1;
    crowd.asked += 1;
    const ok = random.uniform() >= (bad ? share : healthy);
    if (feed(streams, { atS, ok, client: `crowd-${crowd.asked}` }))
      return bad ? since : Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}

function backAt(streams: Streams, atS: number): boolean {
  return streams.errors.provenAfter !== null && rollsBack(concluded(streams, atS));
}
