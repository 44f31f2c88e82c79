// Do the things that people always do still happen? Orders that stay away show a broken button that fails no request.
import type { Finding } from "./finding.ts";
import { happen, type PoissonProcess, pass, poissonEvidence, startBet, startPoisson } from "./poisson.ts";
import { doubt, verifyBeta } from "./verified.ts";
import { type Anchor, about, began, count, duration, healthyChance } from "./why.ts";

/**
 * What is left of the expected rate, with weights. Nothing left is the likeliest: 1 % stands for it, so that a stray
 * event does not end the bet. With four fifths of the prior at the deploy it is noticed after log(1.8/alpha)/0.99 expected
 * events at most.
 */
const ratios = [
  [0.01, 0.7],
  [0.3, 0.15],
  [0.5, 0.15],
] as const;
const deployShare = 0.8;
/** Logs are written late: an event is waited for this long before its time counts as silent, */
const lagS = 5;
/** or until a line is read that is younger by this much: they come in order, dated to the second. */
const orderS = 1;
/** Verified: more than this share of what is expected comes. */
const enough = 0.5;

/** Events a second that are due at least, from `fromS` seconds after the deploy on; the first begins at 0. */
export type Due = { readonly fromS: number; readonly perS: number };
export type Expected = { readonly name: string; readonly due: readonly Due[] };

/** Plain data (it survives JSON), changed by `observeEvent` and `tickSilence` alone. */
export type SilenceStream = {
  readonly name: string;
  readonly needed: number;
  readonly anchor: Anchor;
  readonly due: readonly Due[];
  readonly process: PoissonProcess;
  /** Whole seconds since the deploy up to which silence counts. */
  heardS: number;
  /** Date of the newest line of the log that was read, whatever it tells. */
  readS: number;
  /** Up to here the source could not be heard, so that nothing was due. */
  deafToS: number;
  /** When the newest event was seen; null: none yet. */
  lastS: number | null;
  /** Events of seconds that are not heard to their end yet, by second: a bet must not begin behind what it bets on. */
  readonly early: Record<number, number>;
  expected: number;
  seen: number;
  alarm: Extract<Finding, { outcome: "bad" }> | null;
};

export function startSilenceStream(options: {
  readonly expected: Expected;
  readonly horizonS: number;
  readonly alpha: number;
  readonly anchor?: Anchor;
}): SilenceStream {
  const { expected, horizonS, alpha, anchor = null } = options;
  const process = startPoisson({ horizonS, deployShare, ratios });
  const nothing = { heardS: 0, readS: 0, deafToS: 0, lastS: null, expected: 0, seen: 0, alarm: null };
  const { name, due } = expected;
  return { name, needed: 1 / alpha, anchor, due, process, early: {}, ...nothing };
}

/** One of the events happened, `atS` seconds since the deploy. CHANGES `stream`. */
export function observeEvent(stream: SilenceStream, atS: number): void {
  if (!(atS >= 0)) return;
  stream.seen += 1;
  stream.lastS = Math.max(stream.lastS ?? 0, atS);
  const second = Math.floor(atS);
  if (second < stream.heardS) happen(stream.process, 1);
  else stream.early[second] = (stream.early[second] ?? 0) + 1;
}

/** Some line of the log was read, dated `atS`. CHANGES `stream`. */
export function noteRead(stream: SilenceStream, atS: number): void {
  if (atS > stream.readS) stream.readS = atS;
}

/**
 * Let the clock pass to `nowS`. CHANGES `stream`; never goes back. `deaf`: the source could not be heard, so nothing
 * was due in that time. `heardS`: up to when all has been told of, where somebody follows the sources (`heardTo`);
 * otherwise one log is trusted to come in order.
 */
export function tickSilence(stream: SilenceStream, nowS: number, deaf: boolean, heardS?: number): void {
  // Whole seconds: of a part of one, what was due would count before what came.
  const toS = Math.floor(heardS ?? Math.max(nowS - lagS, Math.min(nowS, stream.readS - orderS)));
  if (deaf) stream.deafToS = nowS;
  for (let second = stream.heardS; second < toS; second += 1) {
    const due = second + 1 <= stream.deafToS ? 0 : perSecond(stream.due, second);
    pass(stream.process, due);
    stream.expected += due;
    happenedIn(stream, second);
    stream.heardS = second + 1;
    startBet(stream.process);
  }
  if (stream.alarm === null && poissonEvidence(stream.process) >= stream.needed)
    stream.alarm = silent(stream);
}

/** CHANGES `stream`. */
function happenedIn({ early, process }: SilenceStream, second: number): void {
  const events = early[second];
  if (events === undefined) return;
  delete early[second];
  happen(process, events);
}

function perSecond(due: readonly Due[], atS: number): number {
  return due.findLast(({ fromS }) => fromS <= atS)?.perS ?? 0;
}

/** What the events say. Reads only. It stays proven, as a broken button does not mend itself unnoticed. */
export function concludeSilence(stream: SilenceStream, context: { readonly blind: string | null }): Finding {
  const base = baseOf(stream);
  if (stream.alarm) return base.evidence >= stream.needed ? silent(stream) : stream.alarm;
  if (context.blind !== null)
    return { outcome: "blind", ...base, why: `${context.blind}; so silence says nothing` };
  const { expected, seen, name } = stream;
  const health = seen * Math.log(1 / enough) - (1 - enough) * expected;
  const so = `${seenOf(seen, name)}, and ${about(expected)} were to be expected by now`;
  if (health >= Math.log(1 / verifyBeta) && base.evidence < doubt) {
    return { outcome: "verified", ...base, why: `${so}: they come as usual` };
  }
  const strongest = Math.max(...stream.process.parts.map(({ weight, value }) => Math.log(weight * value)));
  const left = Math.max(1, Math.ceil((Math.log(stream.needed) - strongest) / (1 - ratios[0][0])));
  const why = `${so}; ${about(left)} more that stay away would be needed to call it silence`;
  return { outcome: "undecided", ...base, moreRequests: left, why };
}

function baseOf({ name, needed, process, expected, seen }: SilenceStream) {
  return {
    stream: `silence:${name}`,
    // Trials are what was due, failures what stayed away.
    requests: Math.round(expected),
    errors: Math.max(0, Math.round(expected) - seen),
    errorClients: 0,
    evidence: poissonEvidence(process),
    needed,
    threshold: enough,
  };
}

function silent(stream: SilenceStream): Extract<Finding, { outcome: "bad" }> {
  const base = baseOf(stream);
  const { seen, lastS, heardS, name, expected } = stream;
  const since =
    lastS === null
      ? began(0, stream.anchor).replace("from the deploy on", "since the deploy")
      : `in the ${duration(Math.max(0, heardS - lastS))} since the last one`;
  const why =
    `${seenOf(seen, name)} where ${about(expected)} were to be expected at this time of the week, and none ${since}; ` +
    healthyChance(base.needed, stream.anchor);
  return { outcome: "bad", breadth: "broad", ...base, onsetS: lastS ?? 0, why };
}

function seenOf(seen: number, name: string): string {
  return `${seen === 0 ? "no" : count(seen)} "${name}" ${seen === 1 ? "was" : "were"} seen`;
}
