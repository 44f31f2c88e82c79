// The rules of other tools on the same deploys as ours: how soon, and how often a release that is allowed goes back.
import { waldBound } from "../../../src/core/detect/bound.ts";
import { type BenchResult, meets, single, stats } from "../../document.ts";
import type { Random } from "../../random.ts";
import { type Deploy, drawDeploy, type Shape } from "../deploy.ts";
import { peers } from "../peers/table.ts";
import { alpha, watch, watchDeploy } from "../pipeline.ts";
import { begin, limits } from "../report.ts";
import { viewOf } from "../view.ts";
import { healthy } from "./onset.ts";

const hourS = 3600;
/** As far back as the longest burn-rate window. */
const historyS = 21_600;
const traffic = [50, 5, 0.5, 0.05] as const;
/** Shares of failures that are allowed at 1 %: what is rolled back here is rolled back falsely. */
const allowed = [healthy, 0.005];
const bad = [0.05, 0.2, 0.5];
const target = ">= 10";
/** Requests a second where speed is compared. */
const busy = 50;

type Pair = { readonly deploy: Deploy; readonly control: Deploy };
type Times = { readonly ours: readonly number[]; readonly peers: readonly (readonly number[])[] };

/** The rules look for an hour, ours for its watch. The release before goes on as a control arm, for those that want one. */
function draw(random: Random, rate: number, failing: number): Pair {
  const shape: Shape = {
    rate,
    clients: Math.max(20, Math.ceil(40 * rate)),
    lengthS: hourS,
    beforeS: historyS,
    failing: (atS) => (atS < 0 ? healthy : failing),
  };
  const control = drawDeploy(random, { ...shape, beforeS: 0, failing: () => healthy });
  return { deploy: drawDeploy(random, shape), control };
}

/** Seconds to the rollback, infinite where there is none. */
function timesOf(random: Random, rate: number, failing: number, runs: number): Times {
  const ours: number[] = [];
  const theirs: number[][] = peers.map(() => []);
  for (let i = 0; i < runs; i++) {
    const { deploy, control } = draw(random, rate, failing);
    ours.push(watchDeploy({ ...deploy, shape: { ...deploy.shape, lengthS: watch.horizonS } }).atS);
    const view = viewOf(deploy, control);
    for (const [k, one] of peers.entries()) {
      theirs[k]?.push(one.decide(view, hourS) ?? Number.POSITIVE_INFINITY);
    }
  }
  return { ours, peers: theirs };
}

const count = (times: readonly number[]) => times.filter(Number.isFinite).length;

export function againstPeers(seed: number, runs: number): readonly BenchResult[] {
  const random = begin(`${runs} deploys for each rule, share and traffic`, seed);
  const rolled = traffic.map((rate) => ({ rate, times: allowed.map((p) => timesOf(random, rate, p, runs)) }));
  const falseRows = rolled.flatMap(({ rate, times }) =>
    allowed.map((p, i) => falseRow(rate, p, times[i] as Times)),
  );
  const [first] = rolled;
  if (first === undefined) return falseRows;
  const quiet = peers.map((_, k) => first.times.every((one) => count(one.peers[k] ?? []) <= count(one.ours)));
  const fast = bad.flatMap((p) => {
    const times = timesOf(random, busy, p, runs);
    return [fasterRow(p, times, quiet, true), fasterRow(p, times, quiet, false)];
  });
  return [...falseRows, ...fast];
}

/** The name in the table of figures. */
const nameOf = (k: number) => `${peers[k]?.name} (${peers[k]?.setting})`;

function falseRow(rate: number, failing: number, times: Times): BenchResult {
  const n = times.ours.length;
  const shareOf = (all: readonly number[]) => single(count(all) / n, n, limits(count(all), n));
  return {
    case: `${100 * failing} % fail, which is allowed, ${rate} requests/s: rolled back within the hour`,
    metric: "share of deploys",
    unit: "of deploys",
    product: shareOf(times.ours),
    peers: Object.fromEntries(times.peers.map((all, k) => [nameOf(k), shareOf(all)])),
    ratio: {},
    target: null,
    met: null,
    note: "ours watches for 30 minutes",
  };
}

/**
 * Mean seconds to the rollback beside ours: of the rules that roll back no more of what is allowed than ours does
 * (these have the target), or of the others. What a rule does not find within the hour took it at least the hour.
 */
function fasterRow(failing: number, times: Times, quiet: readonly boolean[], asQuiet: boolean): BenchResult {
  const ours = stats(times.ours.filter(Number.isFinite));
  const oursHigh = ours.ci95?.[1] ?? Number.NaN;
  const rows = times.peers.flatMap((all, k) => {
    if (quiet[k] !== asQuiet) return [];
    const theirs = stats(all.map((one) => Math.min(one, hourS)));
    const low = (theirs.ci95?.[0] ?? Number.NaN) / oursHigh;
    return [{ name: nameOf(k), theirs, low, found: count(all) }];
  });
  const least = Math.min(...rows.map(({ low }) => low));
  const n = times.ours.length;
  const boundS = waldBound(alpha, failing, watch.threshold) / busy;
  const who = asQuiet
    ? "rules with no more false rollbacks than ours"
    : "rules with more false rollbacks than ours";
  return {
    case: `${100 * failing} % fail, ${busy} requests/s: ours and ${who}`,
    metric: "mean seconds to the rollback; the ratio is theirs to ours",
    unit: "s",
    product: ours,
    peers: {
      "bound: log(1/alpha)/KL": single(boundS),
      ...Object.fromEntries(rows.map(({ name, theirs }) => [name, theirs])),
    },
    ratio: Object.fromEntries(
      rows.map(({ name, theirs }) => [name, (theirs.mean ?? Number.NaN) / (ours.mean ?? Number.NaN)]),
    ),
    target: asQuiet ? target : null,
    met: asQuiet ? count(times.ours) === n && meets(target, least) : null,
    note:
      `smallest ratio ${least.toFixed(1)} with both 95 % limits against us; false: of releases that fail 0.1 or 0.5 %; ` +
      `not found within the hour counts as one hour: ${missing(rows, n)}`,
  };
}

function missing(rows: readonly { readonly name: string; readonly found: number }[], n: number): string {
  const some = rows.filter(({ found }) => found < n).map(({ name, found }) => `${name} ${n - found} of ${n}`);
  return some.length === 0 ? "none" : some.join(", ");
}
