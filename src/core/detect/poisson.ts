// Evidence about how often something happens: bets on rates of events, started at the deploy and at each second after it.
import { assert } from "../result.ts";

/** Keep all values finite and normal, as in the e-process of requests. */
const floor = 1e-300;
const ceiling = 1e300;

/** A bet that events come `ratio` times as often as they should, its weight, and R, the value of its bets so far. */
type Part = { readonly ratio: number; readonly weight: number; value: number };

/** Plain data. */
export type PoissonProcess = {
  readonly horizonS: number;
  readonly deployShare: number;
  readonly parts: readonly Part[];
  ticks: number;
};

export type PoissonOptions = {
  readonly horizonS: number;
  readonly deployShare: number;
  readonly ratios: readonly (readonly [ratio: number, weight: number])[];
};

/**
 * H0: events come at the stated rate or, where all ratios are above 1, more rarely; where all are below 1, more often.
 * For a ratio r the factor over a time in which `due` events are expected is r^seen exp((1 - r) due). Its mean given
 * the past is exp((1 - r)(due - true)) at most 1 under H0, whatever the rate does, so each product is a nonnegative
 * supermartingale; the mixture over ratios and clock ticks begins at 1, as in the e-process of requests.
 */
export function startPoisson({ horizonS, deployShare, ratios }: PoissonOptions): PoissonProcess {
  assert(Number.isInteger(horizonS) && horizonS > 0, `horizon of ${horizonS} s`);
  const parts = ratios.map(([ratio, weight]) => ({ ratio, weight, value: deployShare }));
  return { horizonS, deployShare, parts, ticks: 0 };
}

/** Time passed in which so many events were due. CHANGES `process`. */
export function pass(process: PoissonProcess, due: number): void {
  for (const part of process.parts) part.value = clamp(part.value * Math.exp((1 - part.ratio) * due));
}

/** So many events happened. CHANGES `process`. */
export function happen(process: PoissonProcess, events: number): void {
  for (const part of process.parts) part.value = clamp(part.value * part.ratio ** events);
}

/** The clock passed a whole second: a new bet, up to the horizon. CHANGES `process`. */
export function startBet(process: PoissonProcess): void {
  if (process.ticks >= process.horizonS) return;
  process.ticks += 1;
  const share = (1 - process.deployShare) / process.horizonS;
  for (const part of process.parts) part.value += share;
}

/** The e-value now: started bets, and the prior that is not spent yet. Reads only. Never NaN or infinite. */
export function poissonEvidence({ parts, deployShare, ticks, horizonS }: PoissonProcess): number {
  const started = parts.reduce((sum, { weight, value }) => sum + weight * value, 0);
  return started + (1 - deployShare) * (1 - ticks / horizonS);
}

function clamp(value: number): number {
  return Math.min(ceiling, Math.max(floor, value));
}
