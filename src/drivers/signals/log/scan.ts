// Finds the ends of values, four bytes a step: most of the time with a log goes into looking for them.

const ones = 0x01010101;
const tops = 0x80808080;

/**
 * Place of the first byte that is the one or the other, from `from` on; `to` where none is before that.
 * A byte of x is 0 exactly where (x - 1) & ~x has its top bit, up to the first such byte (Mycroft 1987).
 */
export function findEither(view: DataView, from: number, to: number, one: number, other: number): number {
  const four = Math.imul(one, ones);
  const otherFour = Math.imul(other, ones);
  const last = to - 4;
  let at = from;
  for (; at <= last; at += 4) {
    const word = view.getInt32(at, true);
    const a = word ^ four;
    const b = word ^ otherFour;
    const hit = (((a - ones) & ~a) | ((b - ones) & ~b)) & tops;
    if (hit !== 0) return at + ((31 - Math.clz32(hit & -hit)) >> 3);
  }
  for (; at < to; at += 1) {
    const found = view.getUint8(at);
    if (found === one || found === other) return at;
  }
  return to;
}

/** How one byte and all control characters are told from the rest: with some bits flipped only they are below a bound. */
export type Below = { readonly flip: number; readonly bound: number };

const newline = 10;
const controls = 32;

/** Null: this byte cannot be told so. */
export function below(byte: number): Below | null {
  if (byte === newline) return { flip: 0, bound: Math.imul(newline + 1, ones) };
  // From the space to `?`: flipped to 32 itself, which leaves control characters where they are, below that.
  if (byte < controls || byte >= 2 * controls) return null;
  return { flip: Math.imul(byte ^ controls, ones), bound: Math.imul(controls + 1, ones) };
}

/** Place of the first byte that is below, from `from` on; `to` where none is before that. Half the work of `findEither`. */
export function findBelow(view: DataView, from: number, to: number, flip: number, bound: number): number {
  const last = to - 4;
  let at = from;
  for (; at <= last; at += 4) {
    const word = view.getInt32(at, true) ^ flip;
    const hit = (word - bound) & ~word & tops;
    if (hit !== 0) return at + ((31 - Math.clz32(hit & -hit)) >> 3);
  }
  for (; at < to; at += 1) {
    if ((view.getUint8(at) ^ (flip & 0xff)) < (bound & 0xff)) return at;
  }
  return to;
}

const quoteFlip = Math.imul(2, ones);
const quoteBound = Math.imul(controls + 1, ones);
const backslashes = Math.imul(92, ones);

/** Place of the first quote, backslash or control character; `to` where none is before that. */
export function findQuote(view: DataView, from: number, to: number): number {
  const last = to - 4;
  let at = from;
  for (; at <= last; at += 4) {
    const word = view.getInt32(at, true);
    const flipped = word ^ quoteFlip;
    const slash = word ^ backslashes;
    const hit = (((flipped - quoteBound) & ~flipped) | ((slash - ones) & ~slash)) & tops;
    if (hit !== 0) return at + ((31 - Math.clz32(hit & -hit)) >> 3);
  }
  for (; at < to; at += 1) {
    const found = view.getUint8(at);
    if (found < controls || found === 34 || found === 92) return at;
  }
  return to;
}
