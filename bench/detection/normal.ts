// Lognormal answer times: numbers, and the share of them beyond a limit.
import type { Random } from "../random.ts";

/** A standard normal number (Box, Muller 1958). */
export function normal(random: Random): number {
  return Math.sqrt(2 * random.gap()) * Math.cos(2 * Math.PI * random.uniform());
}

/** P(Z > z) of the standard normal distribution (Abramowitz, Stegun 7.1.26: 1.5e-7 absolute). */
export function beyondNormal(z: number): number {
  if (z < 0) return 1 - beyondNormal(-z);
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return 0.5 * poly * Math.exp(-x * x);
}
