// Is it slower than before? Shares of requests beyond quantiles of the baseline: half, nine tenths, 95 % at once.
import { requestsUntil } from "./bound.ts";
import { leastClients } from "./breadth.ts";
import { type Counts, countMany as countBucket, onset, openBuckets, since, startCounts } from "./counts.ts";
import { components, countMany, type EProcess, evidence, startEProcess, tickTo } from "./e-process.ts";
import type { Finding } from "./finding.ts";
import { type JointBet, jointEvidence, settleJointBet, startJointBet, tickJointBet } from "./joint-bet.ts";
import { doubt, evidenceOfHealth, requestsToVerify, verifyBeta } from "./verified.ts";
import { type Anchor, about, began, count, healthyChance, percent } from "./why.ts";

/** Upper estimates of the baseline's quantiles, milliseconds. */
export type Quantiles = { readonly p50: number; readonly p90: number; readonly p95: number };

/** Up to this much slower is no worse. */
const headroom = 1.25;
/** Code is compiled and caches are filled while the first requests are served. */
const warmUpS = 10;
/** Requests that are taken into account together; the clock takes fewer. */
const batch = 16;
/** Clients with a slow request that are remembered. */
const clientLimit = 1_000;
const streamName = "latency";
/** Half of the evidence is the bet on all shares together, the rest is the mean of those on each. */
const jointWeight = 0.5;
const levels = [
  { quantile: "p50", share: 0.5, whom: "half of them" },
  { quantile: "p90", share: 0.1, whom: "a tenth of them" },
  { quantile: "p95", share: 0.05, whom: "a twentieth of them" },
] as const;

type Level = {
  readonly quantile: keyof Quantiles;
  /** Slower than this is slow, milliseconds. */
  readonly limitMs: number;
  readonly process: EProcess;
  readonly counts: Counts;
  slow: number;
  pendingSlow: number;
};

type Bad = Extract<Finding, { outcome: "bad" }>;

/** Plain data (it survives JSON), changed by `observeLatency` and `tickLatency` alone. */
export type LatencyStream = {
  readonly needed: number;
  readonly anchor: Anchor;
  readonly levels: readonly Level[];
  readonly joint: JointBet;
  /** Requests that are not settled yet, by how many limits they exceeded. */
  readonly pendingBy: number[];
  readonly clients: Record<string, true>;
  clientCount: number;
  nowS: number;
  requests: number;
  pending: number;
  alarm: Bad | null;
};

/**
 * H0 of each level: given the past, a request is slower than 1.25 times the baseline's quantile with at most the
 * chance that the quantile leaves. A weighted mean of e-processes is one too, whatever they have to do with each other, so
 * any of them may speak.
 */
export function startLatencyStream(options: {
  readonly before: Quantiles;
  readonly horizonS: number;
  readonly alpha: number;
  readonly anchor?: Anchor;
}): LatencyStream {
  const { before, horizonS, alpha, anchor = null } = options;
  const started = levels.map(({ quantile, share }) => ({
    quantile,
    limitMs: headroom * before[quantile],
    process: startEProcess({ threshold: share, horizonS, lateAlike: true }),
    counts: startCounts(),
    slow: 0,
    pendingSlow: 0,
  }));
  const clients = Object.create(null) as Record<string, true>;
  const nothing = { clientCount: 0, nowS: 0, requests: 0, pending: 0, alarm: null };
  const shares = levels.map(({ share }) => share);
  const joint = startJointBet(shares, horizonS);
  return {
    needed: 1 / alpha,
    anchor,
    levels: started,
    joint,
    pendingBy: noneOf(shares),
    clients,
    ...nothing,
  };
}

/** A request that was answered well in `ms`. CHANGES `stream`. */
export function observeLatency(
  stream: LatencyStream,
  seen: { readonly atS: number; readonly ms: number; readonly client: string },
): void {
  if (!(seen.atS >= warmUpS)) return;
  tickLatency(stream, seen.atS);
  stream.requests += 1;
  stream.pending += 1;
  const { client, ms } = seen;
  let exceeded = 0;
  for (const level of stream.levels) {
    if (ms <= level.limitMs) continue;
    level.pendingSlow += 1;
    exceeded += 1;
    if (stream.clientCount >= clientLimit || stream.clients[client]) continue;
    stream.clients[client] = true;
    stream.clientCount += 1;
  }
  stream.pendingBy[exceeded] = (stream.pendingBy[exceeded] ?? 0) + 1;
  if (stream.pending >= batch) settle(stream);
}

/** A zero for each number of limits that a request can exceed. */
function noneOf(shares: readonly number[]): number[] {
  return [0, ...shares.map(() => 0)];
}

/** Let the clock pass to `nowS`, seconds since the deploy. CHANGES `stream`; never goes back. */
export function tickLatency(stream: LatencyStream, nowS: number): void {
  if (!(nowS > stream.nowS)) return;
  const newSecond = Math.floor(nowS) > Math.floor(stream.nowS);
  stream.nowS = nowS;
  if (!newSecond) return;
  settle(stream);
  tickJointBet(stream.joint, nowS);
  for (const { process, counts } of stream.levels) {
    tickTo(process, nowS);
    openBuckets(counts, process.ticks);
  }
}

/** No bet begins within a batch, so its requests may be counted at once. */
function settle(stream: LatencyStream): void {
  const { pending } = stream;
  if (pending === 0) return;
  stream.pending = 0;
  settleJointBet(stream.joint, stream.pendingBy);
  stream.pendingBy.fill(0);
  for (const level of stream.levels) {
    const slow = level.pendingSlow;
    level.pendingSlow = 0;
    level.slow += slow;
    countMany(level.process, pending - slow, slow);
    countBucket(level.counts, level.process.ticks, pending, slow);
  }
  if (stream.alarm === null && stream.clientCount >= leastClients && proof(stream) >= stream.needed) {
    stream.alarm = slower(stream);
  }
}

function strongest({ levels: all }: LatencyStream): Level {
  return all.reduce((a, b) => (evidence(b.process) > evidence(a.process) ? b : a));
}

function proof({ levels: all, joint }: LatencyStream): number {
  const each = all.reduce((sum, { process }) => sum + evidence(process), 0) / all.length;
  return jointWeight * jointEvidence(joint) + (1 - jointWeight) * each;
}

/** What the times say. Reads only. `blind`: why the source cannot be trusted to speak, or null. */
export function concludeLatency(stream: LatencyStream, context: { readonly blind: string | null }): Finding {
  const base = baseOf(stream);
  if (stream.alarm) return base.evidence >= stream.needed ? slower(stream) : stream.alarm;
  if (context.blind !== null)
    return { outcome: "blind", ...base, why: `${context.blind}; so no times are known` };
  const counted = stream.requests - stream.pending;
  const well = stream.levels.every(({ process, slow }) => {
    return evidenceOfHealth(process.threshold, counted, slow) >= 1 / verifyBeta;
  });
  const what = said(stream, strongest(stream));
  if (well && base.evidence < doubt) {
    return { outcome: "verified", ...base, why: `${what}; it is no slower than before` };
  }
  const moreRequests = remaining(stream);
  const more =
    moreRequests === null
      ? "too near to the limit to be told apart"
      : `${about(moreRequests)} more are needed to tell`;
  return { outcome: "undecided", ...base, moreRequests, why: `${what}; ${more}` };
}

/** To slower, where a level speaks for it; else until the last level is cleared. */
function remaining(stream: LatencyStream): number | null {
  const counted = stream.requests - stream.pending;
  if (counted === 0) return null;
  const { process, slow } = strongest(stream);
  const rate = slow / counted;
  if (rate > process.threshold)
    return requestsUntil(components(process), rate, process.threshold, stream.needed);
  const open = stream.levels.map((level) => {
    return requestsToVerify(level.process.threshold, counted, level.slow, verifyBeta);
  });
  return open.reduce(
    (most: number | null, one) => (most === null || one === null ? null : Math.max(most, one)),
    0,
  );
}

function baseOf(stream: LatencyStream) {
  const { process, slow } = strongest(stream);
  return {
    stream: streamName,
    requests: stream.requests - stream.pending,
    errors: slow,
    errorClients: stream.clientCount,
    evidence: proof(stream),
    needed: stream.needed,
    threshold: process.threshold,
  };
}

function said({ requests, pending }: LatencyStream, { limitMs, slow, process, quantile }: Level): string {
  const counted = requests - pending;
  if (counted === 0) return "no answer was timed yet";
  return `${percent(slow / counted)} of ${count(counted)} requests took longer than ${beyond({ limitMs, process, quantile })}`;
}

function beyond({ limitMs, process, quantile }: Pick<Level, "limitMs" | "process" | "quantile">): string {
  const whom = levels.find((level) => level.quantile === quantile)?.whom;
  return `${about(limitMs).replace("about ", "")} ms, which is allowed to ${whom} (${percent(process.threshold)})`;
}

function slower(stream: LatencyStream): Bad {
  const level = strongest(stream);
  const onsetS = onset(level.process, level.counts);
  const recent = since(level.counts, onsetS ?? 0);
  const why =
    `${percent(recent.errors / recent.requests)} of ${count(recent.requests)} requests took longer than ` +
    `${beyond(level)} ${began(onsetS, stream.anchor)}; ${healthyChance(stream.needed, stream.anchor)}`;
  return { outcome: "bad", breadth: "broad", ...baseOf(stream), onsetS, why };
}
