// Evidence that requests fail more often than allowed, valid at any time: a deploy-anchored Shiryaev mixture.
import { assert } from "../result.ts";
import type { Component } from "./bound.ts";
import { hopelessThreshold } from "./threshold.ts";

const horizonLimitS = 24 * 3600;
/** Keep all values finite and normal. The floor adds at most 1e-300 a flush to a mean of 1; the ceiling only takes away. */
const floor = 1e-300;
const ceiling = 1e300;
/**
 * The alternatives: odds of failure as multiples of the allowed odds, with their weights in bets at the deploy and in
 * later ones. At p0 = 1 % they are 1.5, 2, 3.1, 5.7, 12, 31 and 95 %. Decision 0016 says how they were chosen. Of late trouble
 * nobody knows the second, which costs most where a second is long: 1.5 % takes minutes to tell, so that many starts serve
 * it alike and it can do with less weight; 6 % takes a few seconds.
 */
const alternatives: readonly (readonly [multiple: number, weight: number, late: number])[] = [
  [1.5, 0.1, 0.04],
  [2, 0.095, 0.05],
  [3.2, 0.1, 0.12],
  [6, 0.125, 0.25],
  [13, 0.11, 0.2],
  [45, 0.355, 0.27],
  [1881, 0.115, 0.07],
];

/**
 * One alternative rate q, its weight in the mixture, and R, the value of all bets on it that were started so far.
 * `late`: so many times that weight belongs to it in bets that begin after the deploy.
 */
type Part = {
  readonly rate: number;
  readonly weight: number;
  readonly late: number;
  readonly logOfOk: number;
  readonly factorOfError: number;
  value: number;
};

/** Plain data. `parts` is empty where the threshold leaves nothing worse to look for: then the evidence stays 1. */
export type EProcess = {
  readonly threshold: number;
  readonly horizonS: number;
  readonly deployShare: number;
  readonly parts: readonly Part[];
  /** Clock ticks so far, at most `horizonS`: each starts a new bet. */
  ticks: number;
  /** Successes since the last flush. */
  pendingOk: number;
};

export type EProcessOptions = {
  /** p0: the failure rate that is still allowed, 0 < p0 < 1. */
  readonly threshold: number;
  /** Seconds over which trouble may begin (whole, at most a day). */
  readonly horizonS: number;
  /** Prior share of trouble that begins at the deploy itself; the rest is spread over the horizon. 1: from-deploy form. */
  readonly deployShare?: number;
  /** Later bets have the weights of those at the deploy: for shares of which even small multiples are much. */
  readonly lateAlike?: boolean;
};

/** Decision 0016: with more, trouble at the deploy is found sooner; with less, trouble that begins later. */
const deployShareDefault = 0.76;

/**
 * The rates that are bet on, rising, and their weights at the deploy and late, which add up to 1 each; none where nothing
 * worse can be told.
 */
export function rateGrid(
  threshold: number,
): readonly { readonly rate: number; readonly weight: number; readonly lateWeight: number }[] {
  if (threshold >= hopelessThreshold) return [];
  const odds = threshold / (1 - threshold);
  return alternatives.map(([multiple, weight, lateWeight]) => {
    return { rate: (multiple * odds) / (1 + multiple * odds), weight, lateWeight };
  });
}

/**
 * H0: given the past, each request fails with probability at most `threshold`.
 * For an alternative q the factors are q/p0 (error) and (1-q)/(1-p0) (ok); their mean given the past is at
 * most 1 under H0 whatever the conditional probability is, so each product is a nonnegative supermartingale:
 * neither independence nor a constant rate is needed. The mixture over rates and start times begins at 1,
 * so P(it ever reaches 1/alpha) <= alpha (Ville 1939; Shin, Ramdas, Rinaldo 2022), however often one looks.
 * Starts are clock ticks: a start chosen just before a failure would know the future and void this.
 */
export function startEProcess(options: EProcessOptions): EProcess {
  const { threshold, horizonS, deployShare = deployShareDefault, lateAlike = false } = options;
  assert(threshold > 0 && threshold < 1, `threshold ${threshold} is not between 0 and 1`);
  assert(Number.isInteger(horizonS) && horizonS > 0 && horizonS <= horizonLimitS, `horizon of ${horizonS} s`);
  assert(deployShare > 0 && deployShare <= 1, `deploy share ${deployShare} is not in (0, 1]`);
  const parts = rateGrid(threshold).map(({ rate, weight, lateWeight }) => ({
    rate,
    weight,
    late: lateAlike ? 1 : lateWeight / weight,
    logOfOk: Math.log((1 - rate) / (1 - threshold)),
    factorOfError: rate / threshold,
    value: deployShare,
  }));
  return { threshold, horizonS, deployShare, parts, ticks: 0, pendingOk: 0 };
}

/** Prior share of each tick's start; a part has `late` times that for its weight. */
export function tickShare(process: EProcess): number {
  return (1 - process.deployShare) / process.horizonS;
}

/** A request went well. CHANGES `process`; costs one addition, since successes only matter at the next flush. */
export function countOk(process: EProcess): void {
  process.pendingOk += 1;
}

/** A request failed. CHANGES `process`. */
export function countError(process: EProcess): void {
  flush(process);
  for (const part of process.parts) part.value = Math.min(part.value * part.factorOfError, ceiling);
}

/** Several requests at once, among which no bet begins: their order makes no difference. CHANGES `process`. */
export function countMany(process: EProcess, oks: number, errors: number): void {
  process.pendingOk += oks;
  if (errors === 0) return;
  flush(process);
  for (const part of process.parts) {
    part.value = Math.min(part.value * part.factorOfError ** errors, ceiling);
  }
}

/** The clock passed whole seconds up to `seconds` after the deploy. CHANGES `process`; late or repeated calls do nothing. */
export function tickTo(process: EProcess, seconds: number): void {
  const ticks = Math.min(Math.floor(seconds), process.horizonS);
  if (ticks <= process.ticks) return;
  flush(process);
  // Nothing happened between ticks that are made up for here, so one sum gives the same as one by one.
  const started = (ticks - process.ticks) * tickShare(process);
  for (const part of process.parts) part.value += started * part.late;
  process.ticks = ticks;
}

function flush(process: EProcess): void {
  const count = process.pendingOk;
  if (count === 0) return;
  process.pendingOk = 0;
  for (const part of process.parts) part.value = Math.max(part.value * Math.exp(count * part.logOfOk), floor);
}

/** The e-value now: started bets, and the prior that is not spent yet. Reads only. Never NaN or infinite. */
export function evidence(process: EProcess): number {
  if (process.parts.length === 0) return 1;
  let sum = 0;
  for (const { weight, value, logOfOk } of process.parts) {
    sum += weight * value * Math.exp(process.pendingOk * logOfOk);
  }
  return sum + unspent(process);
}

function unspent(process: EProcess): number {
  return (1 - process.deployShare) * (1 - process.ticks / process.horizonS);
}

/** The mixture's components, for telling how many more requests are needed. */
export function components(process: EProcess): readonly Component[] {
  const { parts, pendingOk } = process;
  return parts.map(({ rate, weight, value, logOfOk }) => ({
    rate,
    log: Math.log(weight * value) + pendingOk * logOfOk,
  }));
}

/**
 * The same test where trouble can only begin at the deploy, in closed form:
 * E = weighted mean over q of (q/p0)^errors ((1-q)/(1-p0))^(requests-errors).
 */
export function evidenceFromDeploy(threshold: number, requests: number, errors: number): number {
  const grid = rateGrid(threshold);
  if (grid.length === 0) return 1;
  const oks = requests - errors;
  return grid.reduce((sum, { rate, weight }) => {
    const log = errors * Math.log(rate / threshold) + oks * Math.log((1 - rate) / (1 - threshold));
    return sum + weight * Math.min(Math.exp(log), ceiling);
  }, 0);
}
