// Ways in which a file goes bad, repeatable from a seed.
import { closeSync, openSync, readSync, statSync, writeSync } from "node:fs";

/** Invert every bit of these bytes. */
export function flipBytes(path: string, offsets: readonly number[]): void {
  const fd = openSync(path, "r+");
  try {
    for (const offset of offsets) {
      const byte = Buffer.alloc(1);
      readSync(fd, byte, 0, 1, offset);
      writeSync(fd, Buffer.from([(byte[0] ?? 0) ^ 0xff]), 0, 1, offset);
    }
  } finally {
    closeSync(fd);
  }
}

/** Random numbers below 1 that a seed gives again (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Flip `count` bytes at random places. */
export function damageAtRandom(path: string, random: () => number, count: number): void {
  const { size } = statSync(path);
  flipBytes(
    path,
    Array.from({ length: count }, () => Math.floor(random() * size)),
  );
}
