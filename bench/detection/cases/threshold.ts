// How often a release is rolled back that fails exactly as often as is still allowed.
import { type BenchResult, meets, single, stats } from "../../document.ts";
import { drawDeploy, type Shape } from "../deploy.ts";
import { everSuffices, makeLean } from "../lean.ts";
import { alpha, watch, watchDeploy } from "../pipeline.ts";
import { begin, share } from "../report.ts";
import { weightOf, weightOfCrowd } from "../tilted.ts";

const target = "<= 0.001";

/** Requests a second, clients, and the part of the runs that is affordable there. */
const counted = [
  { rate: 0.05, clients: 20, part: 1 },
  { rate: 0.5, clients: 20, part: 1 },
  { rate: 5, clients: 200, part: 0.5 },
  { rate: 50, clients: 2_000, part: 0.05 },
] as const;

/** Counted one by one: whole watches of 30 minutes. */
export function counting(seed: number, deploys: number): readonly BenchResult[] {
  let all = 0;
  let rolledBack = 0;
  const rows = counted.map(({ rate, clients, part }) => {
    const n = Math.ceil(deploys * part);
    const random = begin(`${n} deploys at exactly 1 %, ${rate} requests/s`, seed);
    const shape: Shape = { rate, clients, lengthS: watch.horizonS, failing: () => watch.threshold };
    let count = 0;
    for (let i = 0; i < n; i++) if (watchDeploy(drawDeploy(random, shape)).finding !== null) count += 1;
    all += n;
    rolledBack += count;
    const label = `exactly 1 % fail, 30 minutes, ${rate} requests/s from ${clients} clients: rolled back`;
    return share(label, count, n, n >= enough ? target : null);
  });
  return [...rows, share("exactly 1 % fail, all of these rates: rolled back", rolledBack, all, target)];
}

/** With no false rollback at all, fewer runs than this leave more than 0.1 % open. */
const enough = 5_000;

/** The evidence alone, as often at every traffic: it leaves out nobody, so no fewer come out than with the pipeline. */
export function evidenceAlone(seed: number, deploys: number): readonly BenchResult[] {
  const lean = makeLean(watch);
  return [0.05, 0.5, 5, 50, 500, 5_000].map((rate) => {
    const random = begin(`${deploys} deploys at exactly 1 %, ${rate} requests/s, the evidence alone`, seed);
    const one = { horizonS: watch.horizonS, rate, failing: watch.threshold, needed: 1 / alpha };
    let count = 0;
    for (let i = 0; i < deploys; i++) if (everSuffices(random, lean, one)) count += 1;
    const label = `exactly 1 % fail, 30 minutes, ${rate} requests/s: the evidence ever suffices`;
    return share(
      label,
      count,
      deploys,
      null,
      "whether broad or not, so no rollback yet: at most 0.1 % by theorem",
    );
  });
}

const tilted = [
  { rate: 0.05, clients: 20, part: 1 },
  { rate: 0.5, clients: 20, part: 1 },
  { rate: 5, clients: 200, part: 0.2 },
  { rate: 50, clients: 2_000, part: 0.02 },
  { rate: 500, clients: null, part: 0.05 },
  { rate: 5_000, clients: null, part: 0.0125 },
] as const;

/** By change of measure (tilted.ts): close limits also where a run has nine million requests. */
export function weighing(seed: number, deploys: number): readonly BenchResult[] {
  return tilted.map(({ rate, clients, part }) => {
    const n = Math.max(2, Math.ceil(deploys * part));
    const random = begin(`${n} deploys for the chance at exactly 1 %, ${rate} requests/s`, seed);
    const weights = Array.from({ length: n }, () =>
      clients === null ? weightOfCrowd(random, rate) : weightOf(random, rate, clients),
    );
    const { mean = Number.NaN, ci95 = [Number.NaN, Number.NaN] as const } = stats(weights);
    const who = clients === null ? "from clients who do not come back" : `from ${clients} clients`;
    return {
      case: `exactly 1 % fail, 30 minutes, ${rate} requests/s ${who}: chance of a rollback`,
      metric: "chance a deploy, by change of measure",
      unit: "of deploys",
      product: single(mean, n, [Math.max(0, ci95[0]), ci95[1]]),
      peers: {},
      ratio: {},
      target,
      met: meets(target, ci95[1]),
      note: `${weights.filter((one) => one > 0).length} of ${n} drawn deploys reach a rollback, each counts 1/evidence`,
    };
  });
}
