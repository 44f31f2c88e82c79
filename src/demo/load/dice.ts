// Seeded chance: the same seed gives the same mix of requests.

export type Dice = {
  /** 0 <= value < 1 */
  next(): number;
  pick<T>(items: readonly [T, ...T[]]): T;
};

/** Tommy Ettinger's mulberry32: 32 bits of state, good enough to mix requests. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, pick: (items) => items[Math.floor(next() * items.length)] ?? items[0] };
}
