// Repeatable randomness for simulations: the same seed gives the same run on every machine.

export type Random = {
  /** Uniform in [0, 1), 32 bits. */
  readonly uniform: () => number;
  /** Exponential with mean 1: the gaps of a Poisson stream. */
  readonly gap: () => number;
  /** Uniform whole number below `n`. */
  readonly below: (n: number) => number;
};

/** sfc32 (Chris Doty-Humphrey, PractRand): small, fast, passes the usual batteries. */
export function seeded(seed: number): Random {
  let a = 0x9e3779b9;
  let b = seed | 0;
  let c = Math.floor(seed / 2 ** 32) | 0;
  let counter = 1;
  const uniform = () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 20; i++) uniform();
  return { uniform, gap: () => -Math.log(1 - uniform()), below: (n) => Math.floor(uniform() * n) };
}
