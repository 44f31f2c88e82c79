// How many events fall into a piece of time: exact Poisson numbers from uniform ones.
import { logGamma } from "../../src/core/detect/beta.ts";
import type { Random } from "../random.ts";

/** Below this the product method is quicker; from here on the rejection method is valid. */
const fewMean = 10;

/** A Poisson number with this mean. */
export function poisson(random: Random, mean: number): number {
  if (mean <= 0) return 0;
  return mean < fewMean ? few(random, mean) : many(random, mean);
}

function few(random: Random, mean: number): number {
  const least = Math.exp(-mean);
  let count = 0;
  for (let product = random.uniform(); product > least; product *= random.uniform()) count += 1;
  return count;
}

/** Transformed rejection with squeeze (Hoermann 1993, PTRS): exact, about 1.2 tries a number. */
function many(random: Random, mean: number): number {
  const b = 0.931 + 2.53 * Math.sqrt(mean);
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const vr = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random.uniform() - 0.5;
    const v = random.uniform();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= vr) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const left = Math.log(v) + Math.log(inverseAlpha) - Math.log(a / (us * us) + b);
    if (left <= -mean + k * Math.log(mean) - logGamma(k + 1)) return k;
  }
}
