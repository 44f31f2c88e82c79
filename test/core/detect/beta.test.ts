import fc from "fast-check";
import { expect, test } from "vitest";
import {
  incompleteBeta,
  inverseIncompleteBeta,
  logGamma,
  lowerLimit,
  upperLimit,
} from "../../../src/core/detect/beta.ts";

/** Chance of at most `most` failures, summed up term by term: another way to the same figure. */
function binomialUpTo(most: number, n: number, p: number): number {
  let sum = 0;
  for (let k = 0; k <= most; k++) {
    const ways = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
    sum += Math.exp(ways + k * Math.log(p) + (n - k) * Math.log1p(-p));
  }
  return sum;
}

test.each([
  [0.5, 0.5723649429247],
  [1, 0],
  [10, 12.801827480081469],
  [1e6, 12815504.569147611],
])("the logarithm of gamma(%d) is right to 12 digits", (x, expected) => {
  expect(logGamma(x)).toBeCloseTo(expected, x > 1e3 ? 5 : 12);
});

// Reference values from SciPy 1.17 (special.betainc).
test.each([
  [0.5, 2, 3, 0.6875],
  [0.2, 0.5, 0.5, 0.2951672353008665],
  [0.99, 10, 0.1, 0.17551032909330117],
  [0.005, 45, 9957, 0.7797863830131542],
  [0.001, 300, 299701, 0.5076893088742898],
  [0.0101, 100001, 9900000, 0.9992263921127172],
])("I_%d(%d, %d) agrees with SciPy", (x, a, b, expected) => {
  expect(incompleteBeta(x, a, b)).toBeCloseTo(expected, a > 1e4 ? 7 : 9);
});

test("the ends and the symmetry of the incomplete beta function hold", () => {
  expect(incompleteBeta(0, 2, 3)).toBe(0);
  expect(incompleteBeta(1, 2, 3)).toBe(1);
  const shape = fc.double({ min: 0.1, max: 500, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1024 }), shape, shape, (part, a, b) => {
      // 1 - x is exact for these.
      const x = part / 1024;
      const sum = incompleteBeta(x, a, b) + incompleteBeta(1 - x, b, a);
      expect(Math.abs(sum - 1)).toBeLessThan(1e-9);
    }),
  );
});

test("a shape that is not positive is a bug", () => {
  expect(() => incompleteBeta(0.5, 0, 1)).toThrow(/incompleteBeta/);
});

test.each([
  [0.99, 6, 4995, 0.002619571593218142],
  [0.5, 2, 3, 0.3857275681323895],
  [0.001, 45, 9957, 0.002709785979485221],
])("the inverse at %d for (%d, %d) agrees with SciPy", (p, a, b, expected) => {
  expect(inverseIncompleteBeta(p, a, b) / expected).toBeCloseTo(1, 9);
});

// Two-sided 95 % intervals of R's binom.test, and one-sided limits from SciPy.
test.each([
  [0, 10, 0.025, 0, 0.3084971078187607],
  [5, 10, 0.025, 0.18708602844739855, 0.8129139715526015],
  [10, 100, 0.025, 0.04900468922148595, 0.17622259774002266],
  [1, 100, 0.025, 0.00025314603297742064, 0.054459385392080645],
  [44, 10_000, 0.01, 0.003007099107555731, 0.006200210082831606],
  [100_000, 10_000_000, 0.01, 0.009926946341388935, 0.010073440264327913],
])(
  "the exact limits of %d of %d at level %d agree with R and SciPy",
  (errors, requests, alpha, low, high) => {
    expect(lowerLimit(errors, requests, alpha)).toBeCloseTo(low, 9);
    expect(upperLimit(errors, requests, alpha)).toBeCloseTo(high, 9);
  },
);

test("no failures and nothing but failures have limits at the ends", () => {
  expect(lowerLimit(0, 50, 0.01)).toBe(0);
  expect(upperLimit(50, 50, 0.01)).toBe(1);
});

test("at the upper limit, as few failures as were seen have exactly the chance alpha", () => {
  const counts = fc
    .integer({ min: 1, max: 300 })
    .chain((n) => fc.tuple(fc.integer({ min: 0, max: n - 1 }), fc.constant(n)));
  fc.assert(
    fc.property(counts, fc.double({ min: 0.001, max: 0.5, noNaN: true }), ([errors, n], alpha) => {
      expect(binomialUpTo(errors, n, upperLimit(errors, n, alpha))).toBeCloseTo(alpha, 8);
    }),
  );
});
