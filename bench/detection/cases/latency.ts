// A release that answers half as slowly again: how soon it is noticed, what is done about it, and how often one that is
// slower by just what is allowed is blamed.
import { waldBound } from "../../../src/core/detect/bound.ts";
import { countTime, startHistogram, upperQuantiles } from "../../../src/core/detect/histogram.ts";
import type { Quantiles } from "../../../src/core/detect/latency-stream.ts";
import {
  concludeStreams,
  observeRequest,
  type Streams,
  startStreams,
} from "../../../src/core/detect/streams.ts";
import type { BenchResult } from "../../document.ts";
import type { Random } from "../../random.ts";
import { jointBound, quantileBound } from "../bounds.ts";
import { clientNames } from "../deploy.ts";
import { judge } from "../judged.ts";
import { beyondNormal, normal } from "../normal.ts";
import { alpha, watch } from "../pipeline.ts";
import { begin, delay, share } from "../report.ts";

/** Lognormal times: the median, milliseconds, and the deviation of their logarithms. */
const median = 80;
const sigma = 0.6;
const rate = 50;
/** What the product takes for no slower; a request that is slower than this times a usual quantile is slow. */
const headroom = 1.25;
/** Requests of the hour that is compared with, at this traffic. */
const baseline = 3_600 * rate;
/** One counted hour serves so many releases; then another is counted. */
const perBaseline = 25;
/** Levels of the quantiles, as the share above them and its normal quantile. */
const levels = [
  [0.5, 0],
  [0.1, 1.281552],
  [0.05, 1.644854],
] as const;

function beyond(slower: number) {
  return levels.map(([usual, z]) => [usual, beyondNormal(z - Math.log(slower / headroom) / sigma)] as const);
}

function counted(random: Random): Quantiles {
  const histogram = startHistogram();
  for (let i = 0; i < baseline; i++) countTime(histogram, median * Math.exp(sigma * normal(random)));
  const found = upperQuantiles(histogram);
  if (found === null) throw new Error("the hour before was not counted");
  return found;
}

type Noticed = { readonly requests: number; readonly decision: string };
const missed: Noticed = { requests: Number.POSITIVE_INFINITY, decision: "none" };

/** One release that is `slower` from the deploy on, until its times are told or `most` requests are over. */
function release(
  random: Random,
  before: Quantiles,
  slower: number,
  traffic: { rate: number; most: number },
): Noticed {
  const expects = { latency: before, payments: null, events: [] };
  const streams = startStreams({ ...watch, heard: { errors: true, probe: false }, expects });
  const clients = clientNames(10_000);
  for (let atS = random.gap() / traffic.rate; atS < watch.horizonS; atS += random.gap() / traffic.rate) {
    const ms = slower * median * Math.exp(sigma * normal(random));
    observeRequest(streams, { atS, ok: true, ms, client: clients[random.below(clients.length)] ?? "" });
    if (streams.latency?.alarm)
      return { requests: streams.latency.requests, decision: decided(streams, atS) };
    if ((streams.latency?.requests ?? 0) >= traffic.most) return missed;
  }
  return missed;
}

function decided(streams: Streams, nowS: number): string {
  const { worst, all } = concludeStreams(streams, { nowS, blind: { errors: null, probe: null } });
  const known = { findings: all, failures: streams.failing, before: null, dependencies: [] };
  return judge(worst, nowS, known).decision.decision;
}

function releases(random: Random, runs: number, slower: number, traffic: { rate: number; most: number }) {
  let before = counted(random);
  return Array.from({ length: runs }, (_, i) => {
    if (i % perBaseline === perBaseline - 1) before = counted(random);
    return release(random, before, slower, traffic);
  });
}

const slower = 1.5;
const target = "<= 1.5";

export function slow(seed: number, runs: number): readonly BenchResult[] {
  const random = begin(`${runs} releases that answer ${slower} times as slowly`, seed);
  const shares = beyond(slower);
  const p95 = shares[2] ?? [Number.NaN, Number.NaN];
  const bound = waldBound(alpha, p95[1], p95[0]);
  const all = releases(random, runs, slower, { rate, most: 100 * bound });
  const samples = all.map(({ requests }) => requests);
  const label = `${slower} times as slow from the deploy on, lognormal with sigma ${sigma}, ${rate} requests/s`;
  const of = (name: string, requests: number, wanted: string | null, note = "") =>
    delay(`${label}; to the bound of ${name}`, samples, { name: `bound of ${name}`, requests }, wanted, note);
  const looked = all.filter(({ decision }) => decision === "investigate").length;
  return [
    of(
      "tests of the 95th percentile",
      bound,
      target,
      "as in the source of the target; after the 10 s of warm-up",
    ),
    of(
      "tests of one quantile, the best of the three",
      quantileBound(alpha, shares),
      target,
      "stricter; the bound has all of alpha, the stream a quarter of it",
    ),
    of("tests of the three quantiles together", jointBound(alpha, shares), null, "stricter still; no target"),
    {
      ...share(`${label}: what is done is to investigate, not to roll back`, looked, runs, null),
      target: ">= 1",
      met: looked === runs,
    },
  ];
}

/** Traffic at which whole watches are affordable. */
const quiet = 5;

export function slowAsAllowed(seed: number, runs: number): readonly BenchResult[] {
  const random = begin(`${runs} releases that are slower by just what is allowed`, seed);
  const all = releases(random, runs, headroom, { rate: quiet, most: Number.POSITIVE_INFINITY });
  const blamed = all.filter(({ requests }) => Number.isFinite(requests)).length;
  const label = `${headroom} times as slow, which is allowed, 30 minutes, ${quiet} requests/s: told as slower`;
  return [
    share(
      label,
      blamed,
      runs,
      runs >= 5_000 ? "<= 0.001" : null,
      "the stream's own part of alpha is a quarter",
    ),
  ];
}
