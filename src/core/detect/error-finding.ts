// What an error stream concludes, and how it says so.
import { requestsUntil } from "./bound.ts";
import { type Breadth, breadth, failedClients, leastClients, leastErrors } from "./breadth.ts";
import { onset, since } from "./counts.ts";
import { components, evidence } from "./e-process.ts";
import type { ErrorStream, Figures } from "./error-state.ts";
import type { Finding } from "./finding.ts";
import { errorsWithoutWorst } from "./repeats.ts";
import { doubt, evidenceOfHealth, requestsToVerify, verifyBeta } from "./verified.ts";
import {
  type Anchor,
  about,
  atThisTraffic,
  began,
  clockTime,
  count,
  duration,
  failed,
  healthyChance,
  limit,
  plural,
} from "./why.ts";

/** One false rollback in a thousand healthy deploys. */
export const defaultAlpha = 0.001;
/** A threshold above this comes from a baseline that was in trouble; to be below it is no proof of health. */
const verifiableThreshold = 0.1;

type Base = Omit<Extract<Finding, { outcome: "blind" }>, "outcome" | "why">;

export function figures(stream: ErrorStream, errorClients: number): Figures {
  const onsetS = onset(stream.process, stream.counts);
  return {
    atS: stream.nowS,
    requests: stream.requests,
    errors: stream.errors,
    errorClients,
    evidence: evidence(stream.process),
    onsetS,
    recent: since(stream.counts, onsetS ?? 0),
  };
}

/**
 * What the stream says at `nowS`, seconds since the deploy. Reads only.
 * `blind`: why the source cannot be trusted to speak, or null.
 * Broad trouble stays proven. One client's trouble holds as long as its evidence does. Verified is read from
 * the evidence now, so it can be taken back, and it waits while anything speaks against the release.
 */
export function conclude(
  stream: ErrorStream,
  context: { readonly nowS: number; readonly blind: string | null },
): Finding {
  const base = baseOf(stream);
  const proven = base.evidence >= stream.needed;
  if (stream.alarm)
    return broad(stream, base, proven ? figures(stream, base.errorClients) : stream.alarm, proven);
  const nowS = Math.max(context.nowS, stream.nowS);
  const read = proven ? breadth(stream.process, stream.counts, stream.failures, stream.recent, nowS) : null;
  if (read && read.kind !== "unclear") return oneClient(stream, base, read);
  if (context.blind !== null) {
    return {
      outcome: "blind",
      ...base,
      why: `${context.blind}; nothing can be said about this release without data`,
    };
  }
  if (read) return unclear(stream, base);
  const health = evidenceOfHealth(base.threshold, stream.requests, stream.errors);
  if (base.threshold > verifiableThreshold || health < 1 / verifyBeta || base.evidence >= doubt) {
    return undecided(stream, base, nowS);
  }
  return failsAgainAndAgain(stream) ? stuck(stream, base) : verified(stream, base);
}

/**
 * Does more than the threshold fail when muted clients count again, all but the worst of them? Where 2 % of the
 * users can do nothing at all, the mute leaves one failure of each a minute, far below 1 %; that must not pass as
 * health. It does not prove the opposite either: repeats depend on each other.
 */
function failsAgainAndAgain(stream: ErrorStream): boolean {
  const { repeats, requests, errors } = stream;
  return errors + errorsWithoutWorst(repeats) > stream.process.threshold * (requests + repeats.requests);
}

function baseOf(stream: ErrorStream): Base {
  return {
    stream: stream.stream,
    requests: stream.requests,
    errors: stream.errors,
    errorClients: failedClients(stream.failures),
    evidence: evidence(stream.process),
    needed: stream.needed,
    threshold: stream.process.threshold,
  };
}

/** Figures are those of now while the evidence lasts, else those of the alarm. */
function broad(stream: ErrorStream, base: Base, at: Figures, lasts: boolean): Finding {
  const { onsetS, recent, requests, errors, errorClients } = at;
  // Not "it got better": where the same clients go on failing, it is only the mute that makes the evidence fall.
  const then = lasts ? "" : `, as was proven ${provenAt(stream.anchor, at.atS)}`;
  const why =
    `${failed(recent.errors, recent.requests, stream.unit)} ${began(onsetS, stream.anchor)}, from ${plural(errorClients, "client")}${then}; ` +
    `more than ${limit(base.threshold)} is not allowed, and ${healthyChance(base.needed, stream.anchor)}${mutedTail(stream)}`;
  const counted = { requests, errors, errorClients, evidence: at.evidence };
  return { outcome: "bad", breadth: "broad", ...base, ...counted, onsetS, why };
}

function provenAt(anchor: Anchor, atS: number): string {
  return anchor === null ? `${duration(atS)} after the deploy` : `at ${clockTime(anchor + atS * 1_000)}`;
}

function oneClient(stream: ErrorStream, base: Base, read: Breadth): Finding {
  const what = failed(base.errors, base.requests, stream.unit);
  const why =
    read.kind === "few-clients"
      ? `${what}, and more than ${limit(base.threshold)} is not allowed, but fewer than ${leastClients} clients were seen ` +
        `in the last 5 minutes: too few to tell one client's trouble from everybody's, so a person has to decide`
      : `${what}, but ${whose(base, read)}: this looks like one client's trouble and not the release's, so investigate ` +
        `before going back`;
  const onsetS = onset(stream.process, stream.counts);
  return { outcome: "bad", breadth: "single-client", ...base, onsetS, why: why + mutedTail(stream) };
}

function whose(base: Base, read: Breadth): string {
  if (read.errorClients < leastClients) return `all from ${plural(read.errorClients, "client")}`;
  return `${count(read.worstErrors)} of these ${plural(base.errors, "failure")} come from one client`;
}

function unclear(stream: ErrorStream, base: Base): Finding {
  const why =
    `${failed(base.errors, base.requests, stream.unit)}, from ${plural(base.errorClients, "client")}; ` +
    `that is more than the ${limit(base.threshold)} that is allowed, but to call it everybody's trouble takes ` +
    `${leastErrors} failures from ${leastClients} clients, and enough of them whichever client is left out`;
  // One more failure may settle it: that is what to wait for.
  const missing = Math.max(1, leastErrors - base.errors);
  return {
    outcome: "undecided",
    ...base,
    moreRequests: Math.ceil((missing * base.requests) / base.errors),
    why,
  };
}

function stuck(stream: ErrorStream, base: Base): Finding {
  const { repeats } = stream;
  const why =
    `${failed(base.errors + repeats.errors, base.requests + repeats.requests, stream.unit)}, nearly all by ` +
    `${plural(repeats.clients, "client")} that ${repeats.clients === 1 ? "fails" : "fail"} again and again, while the ` +
    `others are well; that is neither everybody's trouble nor a healthy release: look at what these clients share`;
  return { outcome: "undecided", ...base, moreRequests: null, why };
}

function verified(stream: ErrorStream, base: Base): Finding {
  const why =
    `${failed(base.errors, base.requests, stream.unit)}; that is less than the ${limit(base.threshold)} that is allowed, and ` +
    `a release that fails more often looks like this in fewer than 1 in ${count(1 / verifyBeta)} cases${mutedTail(stream)}`;
  return { outcome: "verified", ...base, why };
}

function undecided(stream: ErrorStream, base: Base, nowS: number): Finding {
  const moreRequests = remaining(stream, base);
  const more = moreRequests === null ? "" : `; ${stillNeeded(stream, moreRequests, nowS)}`;
  return {
    outcome: "undecided",
    ...base,
    moreRequests,
    why: undecidedWhy(stream, base, moreRequests) + more + mutedTail(stream),
  };
}

function stillNeeded({ requests, unit, process }: ErrorStream, more: number, nowS: number): string {
  const when = atThisTraffic(more, { requests, nowS, horizonS: process.horizonS });
  return `${about(more)} more ${unit}s are needed to tell${when}`;
}

function undecidedWhy({ unit }: ErrorStream, base: Base, moreRequests: number | null): string {
  if (base.requests === 0) return `no ${unit} was seen yet, so nothing can be said`;
  const what = failed(base.errors, base.requests, unit);
  const threshold = limit(base.threshold);
  if (base.threshold > verifiableThreshold) {
    return `${what}; so much failed before the deploy that up to ${threshold} counts as no worse, which is not healthy either`;
  }
  const near = moreRequests === null ? ", and too near to it to be told apart" : "";
  return `${what}; that is neither clearly more nor clearly less than the ${threshold} that is allowed${near}`;
}

/** To the nearer verdict on the side of the threshold where the rate is now. */
function remaining(stream: ErrorStream, base: Base): number | null {
  const { requests, errors, threshold, needed } = base;
  const rate = requests === 0 ? 0 : errors / requests;
  if (rate > threshold) return requestsUntil(components(stream.process), rate, threshold, needed);
  return threshold > verifiableThreshold ? null : requestsToVerify(threshold, requests, errors, verifyBeta);
}

function mutedTail({ repeats, mute }: ErrorStream): string {
  if (repeats.errors === 0) return "";
  return ` (not counted: ${plural(repeats.errors, "failure")} of clients that had failed less than ${mute.forS} s before)`;
}
