// The health-probe stream of one watch: does the release answer at all?
import { assert } from "../result.ts";
import { requestsUntil } from "./bound.ts";
import { type Counts, countRequest, onset, openBuckets, since, startCounts } from "./counts.ts";
import {
  components,
  countError,
  countOk,
  type EProcess,
  evidence,
  startEProcess,
  tickTo,
} from "./e-process.ts";
import { defaultAlpha } from "./error-finding.ts";
import type { Finding } from "./finding.ts";
import { leastThreshold } from "./threshold.ts";
import { doubt, evidenceOfHealth, requestsToVerify, verifyBeta } from "./verified.ts";
import { about, began, failed, healthyChance, limit } from "./why.ts";

/**
 * A release is up when it is proven that fewer than half of its probes fail: 8 good ones. That it is healthy
 * is for the error stream to say; against 1 % a probe each 5 s would need 52 minutes.
 */
const upThreshold = 0.5;
const streamName = "probe";

export type ProbeStreamOptions = {
  /** Length of the watch, seconds. */
  readonly horizonS: number;
  /** False-alarm chance of this stream over the whole deploy. */
  readonly alpha?: number;
};

/** Plain data (it survives JSON), changed by `observeProbe` and `tickProbes` alone. */
export type ProbeStream = {
  readonly needed: number;
  readonly process: EProcess;
  readonly counts: Counts;
  nowS: number;
  requests: number;
  errors: number;
  /** What was known when it was proven down. It stays proven: a rollback may be running because of it. */
  alarm: Extract<Finding, { outcome: "bad" }> | null;
};

/**
 * The same e-process as for requests, over probes: with any share of alpha = 0.001 from 1.4 % on, three failures in a
 * row right after the deploy suffice.
 */
export function startProbeStream(options: ProbeStreamOptions): ProbeStream {
  const { horizonS, alpha = defaultAlpha } = options;
  assert(alpha > 0 && alpha < 1, `alpha ${alpha} is not between 0 and 1`);
  const process = startEProcess({ threshold: leastThreshold, horizonS, lateAlike: true });
  return { needed: 1 / alpha, process, counts: startCounts(), nowS: 0, requests: 0, errors: 0, alarm: null };
}

/** Take one probe into account; `atS` is seconds since the deploy, before it (< 0) nothing counts. CHANGES `stream`. */
export function observeProbe(
  stream: ProbeStream,
  probe: { readonly atS: number; readonly ok: boolean },
): void {
  if (!(probe.atS >= 0)) return;
  tickProbes(stream, probe.atS);
  stream.requests += 1;
  countRequest(stream.counts, stream.process.ticks, probe.ok);
  if (probe.ok) {
    countOk(stream.process);
    return;
  }
  stream.errors += 1;
  countError(stream.process);
  if (stream.alarm === null && evidence(stream.process) >= stream.needed) stream.alarm = down(stream);
}

/** Let the clock pass to `nowS`. CHANGES `stream`; never goes back. */
export function tickProbes(stream: ProbeStream, nowS: number): void {
  if (!(nowS > stream.nowS)) return;
  stream.nowS = nowS;
  tickTo(stream.process, nowS);
  openBuckets(stream.counts, stream.process.ticks);
}

/** What the probes say. Reads only. `blind`: why probing itself does not work, or null. */
export function concludeProbes(stream: ProbeStream, context: { readonly blind: string | null }): Finding {
  const base = baseOf(stream);
  if (stream.alarm) return base.evidence >= stream.needed ? down(stream) : stream.alarm;
  if (context.blind !== null) {
    return {
      outcome: "blind",
      ...base,
      why: `${context.blind}; nothing can be said about this release without probes`,
    };
  }
  const { requests, errors } = base;
  const health = evidenceOfHealth(upThreshold, requests, errors);
  if (health >= 1 / verifyBeta && base.evidence < doubt) {
    return { outcome: "verified", ...base, why: `it answers: ${failed(errors, requests, "health probe")}` };
  }
  const moreRequests =
    errors > 0
      ? requestsUntil(components(stream.process), errors / requests, base.threshold, base.needed)
      : requestsToVerify(upThreshold, requests, errors, verifyBeta);
  return { outcome: "undecided", ...base, moreRequests, why: undecidedWhy(requests, errors, moreRequests) };
}

function baseOf(stream: ProbeStream) {
  const { requests, errors, needed, process } = stream;
  const value = evidence(process);
  return {
    stream: streamName,
    requests,
    errors,
    errorClients: 0,
    evidence: value,
    needed,
    threshold: process.threshold,
  };
}

function down(stream: ProbeStream): Extract<Finding, { outcome: "bad" }> {
  const base = baseOf(stream);
  const onsetS = onset(stream.process, stream.counts);
  const recent = since(stream.counts, onsetS ?? 0);
  const why =
    `${failed(recent.errors, recent.requests, "health probe")} ${began(onsetS)}; more than ${limit(base.threshold)} ` +
    `is not allowed, and ${healthyChance(base.needed)}`;
  return { outcome: "bad", breadth: "down", ...base, onsetS, why };
}

function undecidedWhy(requests: number, errors: number, moreRequests: number | null): string {
  const seen =
    requests === 0 ? "no health probe was answered or refused yet" : failed(errors, requests, "health probe");
  return moreRequests === null ? seen : `${seen}; ${about(moreRequests)} more probes are needed to tell`;
}
