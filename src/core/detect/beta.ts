// The regularised incomplete beta function, its inverse, and the exact limits for a share that follow from it.
import { assert } from "../result.ts";

/** Coefficients of Lanczos' approximation for g = 7, n = 9: about 15 digits. */
const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
];
/** The fraction needs about sqrt(max(a, b)) rounds: enough for 10^9 requests. */
const fractionRounds = 100_000;
/** Each halves the interval: past the last digit of a double, also for shares near 1e-12. */
const bisections = 100;

/** Natural logarithm of the gamma function, x > 0 (Lanczos 1964). */
export function logGamma(x: number): number {
  let sum = 0.9999999999998099;
  for (const [i, coefficient] of lanczos.entries()) sum += coefficient / (x + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** I_x(a, b) for a, b > 0 and x in [0, 1], by Lentz's continued fraction (DLMF 8.17.22). */
export function incompleteBeta(x: number, a: number, b: number): number {
  assert(a > 0 && b > 0 && x >= 0 && x <= 1, `incompleteBeta(${x}, ${a}, ${b})`);
  if (x === 0 || x === 1) return x;
  // The fraction converges fast only left of the mean; the other side follows by symmetry.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBetaLeft(1 - x, b, a);
  return incompleteBetaLeft(x, a, b);
}

function incompleteBetaLeft(x: number, a: number, b: number): number {
  const logFront =
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x) - Math.log(a);
  return Math.exp(logFront) / continuedFraction(x, a, b);
}

function continuedFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let value = 1;
  let c = 1;
  let d = 0;
  for (let round = 1; round <= fractionRounds; round++) {
    const m = Math.floor(round / 2);
    const numerator =
      round % 2 === 0
        ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
        : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + numerator * d || tiny);
    c = 1 + numerator / c || tiny;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-15) break;
  }
  return value;
}

/** The x with I_x(a, b) = p, by bisection: slow, sure, and called once a deploy. */
export function inverseIncompleteBeta(p: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < bisections; i++) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** One-sided exact upper limit at level 1 - alpha for the rate behind `errors` of `requests` (Clopper, Pearson 1934). */
export function upperLimit(errors: number, requests: number, alpha: number): number {
  return errors >= requests ? 1 : inverseIncompleteBeta(1 - alpha, errors + 1, requests - errors);
}

/** One-sided exact lower limit at level 1 - alpha. */
export function lowerLimit(errors: number, requests: number, alpha: number): number {
  return errors <= 0 ? 0 : inverseIncompleteBeta(alpha, errors, requests - errors + 1);
}
