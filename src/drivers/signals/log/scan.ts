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
