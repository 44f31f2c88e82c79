// One bet on three shares at once: what is slower all over shows a little at half, nine tenths and 95 % together.
import { assert } from "../result.ts";

/** Prior share of slowness that is there from the deploy on, as in the e-process. */
const deployShare = 0.76;
const floor = 1e-300;
const ceiling = 1e300;

/**
 * How much is put on each share (half, a tenth, a twentieth), with weights. They have the largest mean logarithm where
 * lognormal times are slower than allowed by 0.15, 0.3, 0.6 and 1.2 deviations: the fewest requests that any test of
 * these three shares can do with (Larsson, Ramdas and Ruf 2024). For other times they are as valid, only less sharp.
 */
const stakes: readonly { readonly weight: number; readonly on: readonly number[] }[] = [
  { weight: 0.2, on: [0.196, 0.152, 0.121] },
  { weight: 0.4, on: [0.373, 0.34, 0.31] },
  { weight: 0.25, on: [0.646, 0.799, 0.967] },
  { weight: 0.15, on: [0.813, 1.742, 3.778] },
];

/** A stake, the logarithms of its factors by how many limits a request exceeds, and R, the value of its bets so far. */
type Part = { readonly weight: number; readonly logs: readonly number[]; value: number };

/** Plain data. */
export type JointBet = { readonly horizonS: number; readonly parts: readonly Part[]; ticks: number };

/**
 * H0: given the past, a request exceeds the i-th limit with at most the chance `shares[i]`. The limits rise, so one that
 * exceeds j of them exceeds the first j. For stakes l the factor is 1 + sum of l_i (1{i < j} - share_i); its mean given the
 * past is at most 1 whatever the three have to do with each other, so each product is a nonnegative supermartingale, and
 * so is the mixture over stakes and clock ticks.
 */
export function startJointBet(shares: readonly number[], horizonS: number): JointBet {
  const parts = stakes.map(({ weight, on }) => ({ weight, logs: logsOf(on, shares), value: deployShare }));
  return { horizonS, parts, ticks: 0 };
}

function logsOf(on: readonly number[], shares: readonly number[]): readonly number[] {
  return Array.from({ length: shares.length + 1 }, (_, exceeded) => {
    const factor = shares.reduce((sum, share, i) => {
      return sum + (on[i] ?? 0) * ((i < exceeded ? 1 : 0) - share);
    }, 1);
    assert(factor > 0, "a bet on times could lose more than it has");
    return Math.log(factor);
  });
}

/** Requests by how many limits they exceeded, among which no bet begins. CHANGES `bet`. */
export function settleJointBet(bet: JointBet, byExceeded: readonly number[]): void {
  for (const part of bet.parts) {
    const log = part.logs.reduce((sum, one, j) => sum + one * (byExceeded[j] ?? 0), 0);
    part.value = Math.min(ceiling, Math.max(floor, part.value * Math.exp(log)));
  }
}

/** The clock passed whole seconds. CHANGES `bet`. */
export function tickJointBet(bet: JointBet, seconds: number): void {
  const ticks = Math.min(Math.floor(seconds), bet.horizonS);
  if (ticks <= bet.ticks) return;
  const started = ((ticks - bet.ticks) * (1 - deployShare)) / bet.horizonS;
  for (const part of bet.parts) part.value += started;
  bet.ticks = ticks;
}

/** The e-value now. Reads only. */
export function jointEvidence({ parts, ticks, horizonS }: JointBet): number {
  const started = parts.reduce((sum, { weight, value }) => sum + weight * value, 0);
  return started + (1 - deployShare) * (1 - ticks / horizonS);
}
