// Figures of the detection cases, each with its confidence limits. A target is judged by the unlucky end of them.
import process from "node:process";
import { lowerLimit, upperLimit } from "../../src/core/detect/beta.ts";
import { type BenchResult, meets, single, stats } from "../document.ts";
import { type Random, seeded } from "../random.ts";

/** Progress, and the seed of each case, go to standard error: standard output is the document. */
export function begin(what: string, seed: number): Random {
  process.stderr.write(`seed ${seed}: ${what}\n`);
  return seeded(seed);
}

/** A share of runs with its exact two-sided 95 % limits (Clopper-Pearson). */
export function share(
  label: string,
  count: number,
  n: number,
  target: string | null,
  note = "",
): BenchResult {
  const interval = limits(count, n);
  return {
    case: label,
    metric: "share of deploys",
    unit: "of deploys",
    product: single(count / n, n, interval),
    peers: {},
    ratio: {},
    target,
    met: target === null ? null : meets(target, interval[1]),
    note: `${count} of ${n}; judged by the upper limit ${interval[1].toExponential(2)}${note && `; ${note}`}`,
  };
}

export function limits(count: number, n: number): readonly [number, number] {
  return [lowerLimit(count, n, 0.025), upperLimit(count, n, 0.025)];
}

/** Requests to a decision against the least that any test needs on average. */
export function delay(
  label: string,
  samples: readonly number[],
  bound: { readonly name: string; readonly requests: number },
  target: string | null,
  note = "",
): BenchResult {
  const found = samples.filter(Number.isFinite);
  const product = stats(found);
  const [low, high] = product.ci95 ?? [Number.NaN, Number.NaN];
  const missed = samples.length - found.length;
  const ratio = (product.mean ?? Number.NaN) / bound.requests;
  return {
    case: label,
    metric: "mean requests to the decision, to the bound",
    unit: "requests",
    product,
    peers: { [bound.name]: single(bound.requests) },
    ratio: { [bound.name]: ratio },
    target,
    // Luck does not count as met, and what was never found is not left out of the judgement.
    met: target === null ? null : missed === 0 && meets(target, high / bound.requests),
    note:
      `ratio ${ratio.toFixed(3)}, 95 % limits ${(low / bound.requests).toFixed(3)} to ` +
      `${(high / bound.requests).toFixed(3)}` +
      (missed > 0 ? `; ${missed} of ${samples.length} not found at all` : "") +
      (note && `; ${note}`),
  };
}
