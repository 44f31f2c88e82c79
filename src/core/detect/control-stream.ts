// The new release beside the old one, while both serve: whatever hits both alike blames neither.
import { leastClients, noteClient, type RecentClients, startRecentClients } from "./breadth.ts";
import type { Finding } from "./finding.ts";
import { expire, isMuted, type Mute, muteClient, noteMuted, startMute } from "./mute.ts";
import { doubt, verifyBeta } from "./verified.ts";
import { healthyChance, limit, percent, plural } from "./why.ts";

/** Odds that a failure is the new release's, as multiples of its share of the requests, equally likely. */
const multiples = [1.5, 2, 3.5, 7, 15, 66] as const;
/** Prior share of a difference that is there from the deploy on. */
const deployShare = 0.75;
/** Seconds in which the shares of the requests are forgotten by half. */
const halfLifeS = 20;
/** Both serve while each has had one of late, at least so many, and this share of them. */
const lateS = 15;
const leastRequests = 10;
const leastShare = 0.01;
/** The share is an estimate: this many standard errors are added to it. */
const caution = 2;
/** Not worse means: by less than this factor. */
const muchWorse = 2;
const muteS = 60;
const floor = 1e-300;
const ceiling = 1e300;
const streamName = "control";

type Bad = Extract<Finding, { outcome: "bad" }>;
type Part = { readonly multiple: number; value: number };

/** Plain data (it survives JSON), changed by `observeArm` and `tickControl` alone. */
export type ControlStream = {
  readonly needed: number;
  readonly horizonS: number;
  readonly parts: readonly Part[];
  readonly mute: Mute;
  readonly failing: RecentClients;
  ticks: number;
  nowS: number;
  /** Requests of late, forgotten by and by. */
  recentNew: number;
  recentOld: number;
  newestNewS: number;
  newestOldS: number;
  /** Failures, while both served. */
  failedNew: number;
  failedOld: number;
  requests: number;
  /** Logarithm of the evidence that it is not much worse. */
  healthLog: number;
  alarm: Bad | null;
};

export function startControlStream(options: {
  readonly horizonS: number;
  readonly alpha: number;
}): ControlStream {
  const { horizonS, alpha } = options;
  return {
    needed: 1 / alpha,
    horizonS,
    parts: multiples.map((multiple) => ({ multiple, value: deployShare })),
    mute: startMute(muteS),
    failing: startRecentClients(),
    ticks: 0,
    nowS: 0,
    recentNew: 0,
    recentOld: 0,
    newestNewS: 0,
    newestOldS: 0,
    failedNew: 0,
    failedOld: 0,
    requests: 0,
    healthLog: 0,
    alarm: null,
  };
}

export type ArmSeen = {
  readonly atS: number;
  readonly ok: boolean;
  readonly client: string;
  readonly isNew: boolean;
};

/**
 * H0: given the past and that a request fails, it is the new release's with at most the chance of its share of the
 * requests (Lindon, Malek 2022). For odds m times as high the factors are t/s (new) and (1-t)/(1-s) (old), where s is
 * the share and t = m s / (1 - s + m s). Their mean is at most 1 for every chance up to s, and s is estimated from
 * requests before this one alone, so each product is a supermartingale. CHANGES `stream`.
 */
export function observeArm(stream: ControlStream, seen: ArmSeen): void {
  if (!(seen.atS >= 0)) return;
  tickControl(stream, seen.atS);
  if (isMuted(stream.mute, seen.client, stream.nowS)) {
    noteMuted(stream.mute, seen.client, seen.ok);
    return;
  }
  const both = bothServe(stream);
  if (!seen.ok) {
    muteClient(stream.mute, seen.client, stream.nowS);
    if (both) fail(stream, seen);
  }
  if (both) stream.requests += 1;
  if (seen.isNew) {
    stream.recentNew += 1;
    stream.newestNewS = stream.nowS;
  } else {
    stream.recentOld += 1;
    stream.newestOldS = stream.nowS;
  }
}

/** Do both releases get requests just now? */
export function bothServe(stream: ControlStream): boolean {
  const { recentNew, recentOld, newestNewS, newestOldS, nowS } = stream;
  if (nowS - Math.min(newestNewS, newestOldS) > lateS) return false;
  const all = recentNew + recentOld;
  return Math.min(recentNew, recentOld) >= Math.max(leastRequests, leastShare * all);
}

function fail(stream: ControlStream, { client, isNew }: ArmSeen): void {
  const share = newShare(stream, caution);
  for (const part of stream.parts) part.value = clamp(part.value * factor(part.multiple, share, isNew));
  // The opposite test errs to the other side, so its share is estimated low.
  stream.healthLog -= Math.log(factor(muchWorse, newShare(stream, -caution), isNew));
  if (isNew) {
    stream.failedNew += 1;
    noteClient(stream.failing, client, stream.nowS);
  } else stream.failedOld += 1;
  if (stream.alarm || stream.failing.third === null || evidenceOf(stream) < stream.needed) return;
  stream.alarm = worse(stream);
}

function newShare({ recentNew, recentOld }: ControlStream, errors: number): number {
  const all = recentNew + recentOld;
  const share = recentNew / all;
  const moved = share + errors * Math.sqrt((share * (1 - share)) / all);
  return Math.min(1 - leastShare, Math.max(leastShare, moved));
}

function factor(multiple: number, share: number, isNew: boolean): number {
  const all = 1 - share + multiple * share;
  return isNew ? multiple / all : 1 / all;
}

/** Let the clock pass to `nowS`. CHANGES `stream`; never goes back. */
export function tickControl(stream: ControlStream, nowS: number): void {
  if (!(nowS > stream.nowS)) return;
  const fade = 0.5 ** ((nowS - stream.nowS) / halfLifeS);
  stream.recentNew *= fade;
  stream.recentOld *= fade;
  stream.nowS = nowS;
  const ticks = Math.min(Math.floor(nowS), stream.horizonS);
  if (ticks <= stream.ticks) return;
  const started = ((ticks - stream.ticks) * (1 - deployShare)) / stream.horizonS;
  for (const part of stream.parts) part.value += started;
  stream.ticks = ticks;
  expire(stream.mute, nowS);
}

function evidenceOf({ parts, ticks, horizonS }: ControlStream): number {
  const sum = parts.reduce((all, { value }) => all + value, 0);
  return sum / parts.length + (1 - deployShare) * (1 - ticks / horizonS);
}

/** What the comparison says. Reads only. */
export function concludeControl(stream: ControlStream): Finding {
  const base = baseOf(stream);
  if (stream.alarm) return base.evidence >= stream.needed ? worse(stream) : stream.alarm;
  const what = said(stream);
  if (stream.healthLog >= Math.log(1 / verifyBeta) && base.evidence < doubt) {
    return { outcome: "verified", ...base, why: `${what}; the new release is no worse than the old one` };
  }
  return {
    outcome: "undecided",
    ...base,
    moreRequests: null,
    why: bothServe(stream)
      ? `${what}; that does not tell yet whether the new release is worse than the old one`
      : "not both releases get requests now, so they cannot be compared",
  };
}

function baseOf(stream: ControlStream) {
  const { failedNew, failedOld, needed, failing } = stream;
  const all = stream.recentNew + stream.recentOld;
  const clients = [failing.first, failing.second, failing.third].filter((one) => one !== null).length;
  return {
    stream: streamName,
    // Trials are failures of either, and failures those of the new one.
    requests: failedNew + failedOld,
    errors: failedNew,
    errorClients: Math.min(clients, leastClients),
    evidence: evidenceOf(stream),
    needed,
    threshold: all === 0 ? 0 : stream.recentNew / all,
  };
}

function said(stream: ControlStream): string {
  const { failedNew, failedOld } = stream;
  const failures = failedNew + failedOld;
  if (failures === 0) return "nothing failed while both releases served";
  const { threshold } = baseOf(stream);
  return (
    `${failedNew} of ${plural(failures, "failure")} (${percent(failedNew / failures)}) were the new release's, ` +
    `which has ${limit(threshold)} of the requests`
  );
}

function worse(stream: ControlStream): Bad {
  const why = `${said(stream)}; ${healthyChance(stream.needed)}`;
  return { outcome: "bad", breadth: "broad", ...baseOf(stream), onsetS: 0, why };
}

function clamp(value: number): number {
  return Math.min(ceiling, Math.max(floor, value));
}
