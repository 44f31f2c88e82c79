// The error stream of one watch: who is counted, and what the evidence is.
import { assert } from "../result.ts";
import { breadth, noteClient, rememberFailure, startFailures, startRecentClients } from "./breadth.ts";
import { countRequest, openBuckets, startCounts } from "./counts.ts";
import { countError, countOk, evidence, startEProcess, tickTo } from "./e-process.ts";
import { defaultAlpha, figures } from "./error-finding.ts";
import type { ErrorStream } from "./error-state.ts";
import { expire, isMuted, muteClient, noteMuted, startMute } from "./mute.ts";
import { countRepeat, startRepeats } from "./repeats.ts";
import type { Anchor } from "./why.ts";

export { conclude } from "./error-finding.ts";

/** A client that failed is left out for this long, or until it is served well again (`wellAgainAfter`). */
const muteDefaultS = 60;

export type ErrorStreamOptions = {
  /** p0: the failure rate that is still allowed; see `errorThreshold`. */
  readonly threshold: number;
  /** Length of the watch, seconds. */
  readonly horizonS: number;
  /** False-alarm chance of this stream over the whole deploy. */
  readonly alpha?: number;
  /** Seconds for which a client is left out after a failure, at most; 0 counts every request. */
  readonly muteS?: number;
  /** What failed, in the words of people. */
  readonly stream?: string;
  readonly unit?: string;
  readonly anchor?: Anchor;
};

/** One request. `atS` is seconds since the deploy; `client` a stable key of who asked. */
export type Seen = { readonly atS: number; readonly ok: boolean; readonly client: string };

export function startErrorStream(options: ErrorStreamOptions): ErrorStream {
  const { threshold, horizonS, alpha = defaultAlpha, muteS = muteDefaultS } = options;
  const { stream = "errors", unit = "request", anchor = null } = options;
  assert(alpha > 0 && alpha < 1, `alpha ${alpha} is not between 0 and 1`);
  return {
    stream,
    unit,
    needed: 1 / alpha,
    anchor,
    process: startEProcess({ threshold, horizonS }),
    counts: startCounts(),
    mute: startMute(muteS),
    failures: startFailures(),
    recent: startRecentClients(),
    repeats: startRepeats(),
    nowS: 0,
    requests: 0,
    errors: 0,
    provenAfter: null,
    alarm: null,
  };
}

/**
 * Take one request into account. CHANGES `stream`.
 * Give requests in the order in which they were read; one that is dated before what was seen already counts as
 * of now, one from before the deploy (atS < 0) does not count: it cannot be this deploy's doing.
 */
export function observe(stream: ErrorStream, seen: Seen): void {
  if (!(seen.atS >= 0)) return;
  tick(stream, seen.atS);
  noteClient(stream.recent, seen.client, stream.nowS);
  if (isMuted(stream.mute, seen.client, stream.nowS)) {
    countRepeat(stream.repeats, seen.client, seen.ok);
    noteMuted(stream.mute, seen.client, seen.ok);
    return;
  }
  stream.requests += 1;
  countRequest(stream.counts, stream.process.ticks, seen.ok);
  if (seen.ok) countOk(stream.process);
  else fail(stream, seen.client);
}

/** Let the clock pass to `nowS`, seconds since the deploy. CHANGES `stream`; never goes back. */
export function tick(stream: ErrorStream, nowS: number): void {
  if (!(nowS > stream.nowS)) return;
  const newSecond = Math.floor(nowS) > Math.floor(stream.nowS);
  stream.nowS = nowS;
  if (!newSecond) return;
  tickTo(stream.process, nowS);
  openBuckets(stream.counts, stream.process.ticks);
  expire(stream.mute, nowS);
}

/** Evidence rises only here, so it is compared with what is needed only here. */
function fail(stream: ErrorStream, client: string): void {
  const { process, counts, failures, recent, nowS } = stream;
  stream.errors += 1;
  countError(process);
  muteClient(stream.mute, client, nowS);
  rememberFailure(failures, client, process.ticks);
  const value = evidence(process);
  if (stream.alarm || value < stream.needed) return;
  stream.provenAfter ??= stream.requests;
  const { kind, errorClients } = breadth(process, counts, failures, recent, nowS);
  if (kind !== "broad") return;
  stream.alarm = figures(stream, errorClients);
}
