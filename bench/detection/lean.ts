// Thousands of whole watches at thousands of requests a second: the evidence alone, from failure to failure.
//
// It is asked whether the evidence ever suffices. Breadth can only take from that, and the mute leaves out nobody where
// nobody comes back: so this counts at least as many rollbacks as the pipeline would make. The arithmetic is that of
// `core/detect/e-process.ts` with its powers looked up; a test compares both.
import { startEProcess, tickShare } from "../../src/core/detect/e-process.ts";
import type { Random } from "../random.ts";
import { poisson } from "./poisson.ts";

/** Powers that are looked up; rarer ones are computed. */
const tabled = 1_024;
/** Denormal numbers are slow, and as good as nothing. */
const floor = 1e-300;

/** The evidence against one release. */
export type Lean = {
  /** Takes so many successes and then, where `failed`, a failure; the evidence is worked out after a failure alone. */
  readonly take: (well: number, failed: boolean) => number;
  /** A second passed. */
  readonly tick: () => void;
  /** From the beginning: for the next release. */
  readonly restart: () => void;
};

export function makeLean(watch: { readonly threshold: number; readonly horizonS: number }): Lean {
  const process = startEProcess(watch);
  const { parts, deployShare, horizonS } = process;
  const count = parts.length;
  const values = new Float64Array(count);
  const weights = Float64Array.from(parts, ({ weight }) => weight);
  const factors = Float64Array.from(parts, ({ factorOfError }) => factorOfError);
  const logs = Float64Array.from(parts, ({ logOfOk }) => logOfOk);
  const powers = Float64Array.from({ length: count * tabled }, (_, i) => {
    return Math.exp((i % tabled) * (logs[Math.floor(i / tabled)] ?? 0));
  });
  const started = Float64Array.from(parts, ({ late }) => tickShare(process) * late);
  let ticks = 0;
  const power = (k: number, well: number) =>
    well < tabled ? (powers[k * tabled + well] as number) : Math.exp(well * (logs[k] as number));
  return {
    take(well, failed) {
      let sum = 0;
      for (let k = 0; k < count; k++) {
        const grown = (values[k] as number) * power(k, well) * (failed ? (factors[k] as number) : 1);
        values[k] = grown < floor ? floor : grown;
        sum += grown * (weights[k] as number);
      }
      return sum + (1 - deployShare) * (1 - ticks / horizonS);
    },
    tick() {
      ticks += 1;
      for (let k = 0; k < count; k++) values[k] = (values[k] as number) + (started[k] as number);
    },
    restart() {
      ticks = 0;
      values.fill(deployShare);
    },
  };
}

/** Does the evidence of one watch ever suffice, where each of `rate` requests a second fails with chance `failing`? */
export function everSuffices(
  random: Random,
  lean: Lean,
  watch: {
    readonly horizonS: number;
    readonly rate: number;
    readonly failing: number;
    readonly needed: number;
  },
): boolean {
  const gapScale = -1 / Math.log1p(-watch.failing);
  lean.restart();
  for (let second = 0; second < watch.horizonS; second++) {
    if (second > 0) lean.tick();
    let left = poisson(random, watch.rate);
    while (left > 0) {
      // Successes before the next failure: a geometric number.
      const well = Math.floor(random.gap() * gapScale);
      const failed = well < left;
      if (lean.take(failed ? well : left, failed) >= watch.needed && failed) return true;
      left -= well + 1;
    }
  }
  return false;
}
