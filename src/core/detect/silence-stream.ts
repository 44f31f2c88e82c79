// Do the things that people always do still happen? Orders that stay away show a broken button that fails no request.
import type { Finding } from "./finding.ts";
import { happen, type PoissonProcess, pass, poissonEvidence, startBet, startPoisson } from "./poisson.ts";
import { doubt, verifyBeta } from "./verified.ts";
import { about, count, duration, healthyChance } from "./why.ts";

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
  readonly due: readonly Due[];
  readonly process: PoissonProcess;
  /** Seconds since the deploy up to which silence counts. */
  heardS: number;
  /** Date of the newest line of the log that was read, whatever it tells. */
  readS: number;
  /** When the newest event was seen; null: none yet. */
  lastS: number | null;
  expected: number;
  seen: number;
  alarm: Extract<Finding, { outcome: "bad" }> | null;
};

export function startSilenceStream(options: {
  readonly expected: Expected;
  readonly horizonS: number;
  readonly alpha: number;
}): SilenceStream {
  const { expected, horizonS, alpha } = options;
  const process = startPoisson({ horizonS, deployShare, ratios });
  const nothing = { heardS: 0, readS: 0, lastS: null, expected: 0, seen: 0, alarm: null };
  return { name: expected.name, needed: 1 / alpha, due: expected.due, process, ...nothing };
}

/** One of the events happened, `atS` seconds since the deploy. CHANGES `stream`. */
export function observeEvent(stream: SilenceStream, atS: number): void {
  if (!(atS >= 0)) return;
  stream.seen += 1;
  stream.lastS = Math.max(stream.lastS ?? 0, atS);
  happen(stream.process, 1);
}

/** Some line of the log was read, dated `atS`. CHANGES `stream`. */
export function noteRead(stream: SilenceStream, atS: number): void {
  if (atS > stream.readS) stream.readS = atS;
}

/**
 * Let the clock pass to `nowS`. CHANGES `stream`; never goes back. `deaf`: the source could not be heard, so nothing
 * was due in that time.
 */
export function tickSilence(stream: SilenceStream, nowS: number, deaf: boolean): void {
  const toS = Math.max(nowS - lagS, Math.min(nowS, stream.readS - orderS));
  while (stream.heardS < toS) {
    const nextS = Math.min(toS, Math.floor(stream.heardS) + 1);
    const due = deaf ? 0 : (nextS - stream.heardS) * perSecond(stream.due, stream.heardS);
    pass(stream.process, due);
    stream.expected += due;
    stream.heardS = nextS;
    if (Number.isInteger(nextS)) startBet(stream.process);
  }
  if (stream.alarm === null && poissonEvidence(stream.process) >= stream.needed)
    stream.alarm = silent(stream);
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
      ? "since the deploy"
      : `in the ${duration(Math.max(0, heardS - lastS))} since the last one`;
  const why =
    `${seenOf(seen, name)} where ${about(expected)} were to be expected at this time of the week, and none ${since}; ` +
    healthyChance(base.needed);
  return { outcome: "bad", breadth: "broad", ...base, onsetS: lastS ?? 0, why };
}

function seenOf(seen: number, name: string): string {
  return `${seen === 0 ? "no" : count(seen)} "${name}" ${seen === 1 ? "was" : "were"} seen`;
}
