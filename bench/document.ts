// The one shape in which every bench reports, and how samples become its figures.
import { cpus, totalmem } from "node:os";
import process from "node:process";

export type Stats = {
  readonly median: number;
  readonly p99: number;
  readonly min: number;
  readonly max: number;
  /** Number of samples. */
  readonly n: number;
  readonly mean?: number;
  /** 95 % confidence interval of what the case is judged by (named in its metric). */
  readonly ci95?: readonly [number, number];
};

export type BenchResult = {
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly product: Stats;
  readonly peers: Readonly<Record<string, Stats>>;
  /** Product to peer, of what the metric names. */
  readonly ratio: Readonly<Record<string, number>>;
  /** For example `<= 1.5`; null where there is none. */
  readonly target: string | null;
  readonly met: boolean | null;
  /** What a reader must know to read the figure rightly. */
  readonly note?: string;
};

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly node: string;
};

export type BenchDocument = {
  readonly bench: string;
  readonly machine: Machine;
  /** What the run was given: seed and sizes, so that it can be repeated. */
  readonly options: Readonly<Record<string, number>>;
  readonly results: readonly BenchResult[];
};

/**
 * What a bench file exports, each by its name. `options` are numbers with their defaults; `--name value` changes
 * one. `run` gets all of them, so it may name the exact type of its own `options`.
 */
export type Bench = {
  readonly name: string;
  readonly about: string;
  /** How long it takes, for people: `about 40 s`. */
  readonly takes: string;
  readonly options: Readonly<Record<string, number>>;
  readonly run: (options: never) => Promise<BenchDocument>;
};

export function machine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform} ${process.arch}`,
    node: process.version,
  };
}

/** The sample below which a share `part` of all samples lies, by the nearest rank; NaN of nothing. */
export function quantile(samples: readonly number[], part: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(part * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

export function mean(samples: readonly number[]): number {
  return samples.reduce((a, b) => a + b, 0) / samples.length;
}

/** The figures of a set of samples; `ci95` is the interval of the mean (normal, so for some dozens of samples or more). */
export function stats(samples: readonly number[]): Stats {
  const middle = mean(samples);
  const squares = samples.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  const half = 1.96 * Math.sqrt(squares / Math.max(1, samples.length - 1) / samples.length);
  return {
    median: quantile(samples, 0.5),
    p99: quantile(samples, 0.99),
    min: quantile(samples, 0),
    max: quantile(samples, 1),
    n: samples.length,
    mean: middle,
    ci95: [middle - half, middle + half],
  };
}

/** One figure that is not a set of samples, such as a share of `n` runs. */
export function single(value: number, n = 1, ci95?: readonly [number, number]): Stats {
  const figures = { median: value, p99: value, min: value, max: value, n };
  return ci95 ? { ...figures, ci95 } : figures;
}

/** Is a target such as `<= 1.5` met? Throws where the target cannot be read: that is a mistake in the bench. */
export function meets(target: string, value: number): boolean {
  const [, sign, limit] = /^(<=|>=|<|>)\s*([\d.e+-]+)$/.exec(target) ?? [];
  const bound = Number(limit);
  if (sign === "<=") return value <= bound;
  if (sign === ">=") return value >= bound;
  if (sign === "<") return value < bound;
  if (sign === ">") return value > bound;
  throw new Error(`target "${target}" cannot be read`);
}
