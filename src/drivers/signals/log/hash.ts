// Names for pieces of lines, found again by a hash of their bytes: a line that says what others said makes no text.

const firstSlots = 1 << 10;
/** Doubled when this share of them is taken. */
const fullest = 0.6;
const prime = 0x9e3779b1;
const otherPrime = 0x85ebca6b;

/**
 * Two hashes of 32 bits, each taking every second word and, a round later, the other hash: together 64 bits. Nobody
 * gains by making them collide: who can choose the bytes can as well send the same ones.
 */
export type Hash = { a: number; b: number };

export function startHash(hash: Hash): void {
  hash.a = 0x811c9dc5;
  hash.b = 0x2f0b4a27;
}

/** CHANGES `hash`. Eight bytes a round, so that a browser's name costs no more than finding its end. */
export function hashBytes(hash: Hash, view: DataView, from: number, to: number): void {
  let { a, b } = hash;
  let i = from;
  for (; i + 8 <= to; i += 8) {
    const before = a;
    a = (mixed(a, view.getInt32(i, true), prime) + b) | 0;
    b = mixed(b, view.getInt32(i + 4, true), otherPrime) ^ before;
  }
  if (i < to && to - from >= 8) {
    // The last eight, of which some were taken before.
    const before = a;
    a = (mixed(a, view.getInt32(to - 8, true), prime) + b) | 0;
    b = mixed(b, view.getInt32(to - 4, true), otherPrime) ^ before;
  } else {
    for (; i < to; i += 1) {
      a = mixed(a, view.getUint8(i), prime);
      b = mixed(b, view.getUint8(i), otherPrime);
    }
  }
  // The length ends it: "ab" + "c" is not "a" + "bc". Each half then depends on both.
  a = mixed(a ^ (a >>> 16), to - from, prime);
  b = mixed(b ^ (b >>> 15), a, otherPrime);
  a = mixed(a ^ (a >>> 13), b, otherPrime);
  hash.a = a ^ (a >>> 16);
  hash.b = b ^ (b >>> 15);
}

function mixed(state: number, word: number, by: number): number {
  return Math.imul(((state << 5) | (state >>> 27)) ^ word, by);
}

export type Known<Name> = {
  /** The name for this hash; undefined: not known yet. */
  find(hash: Hash): Name | undefined;
  keep(hash: Hash, name: Name): Name;
};

/** A slot's second word: the number of the name below, the first bits of its hash above. */
const numberBits = 18;
const numbers = (1 << numberBits) - 1;

/** `most`: so many are remembered, at most 262,143; more at once begin anew. */
export function knownNames<Name extends string | object>(most: number): Known<Name> {
  // Half of the hash, and the number of the name with as much of the other half as there is room for: one look at
  // memory. Where a name stands tells the rest. No larger than it has to be: what fits the processor's cache is found
  // several times as fast.
  let slots = firstSlots;
  let table = new Int32Array(2 * slots);
  let names: Name[] = [];
  /** The other half in full, for when the table grows. */
  let halves: number[] = [];

  /** Where the name is, or would be. */
  function placeOf(a: number, b: number): number {
    const last = 2 * slots - 1;
    let place = (2 * a) & last;
    for (;;) {
      const word = table[place + 1] as number;
      if (word === 0 || (table[place] === b && ((word ^ a) & ~numbers) === 0)) return place;
      place = (place + 2) & last;
    }
  }

  function put(a: number, b: number, number: number): void {
    const place = placeOf(a, b);
    table[place] = b;
    table[place + 1] = (a & ~numbers) | number;
  }

  function grow(): void {
    const former = table;
    slots *= 2;
    table = new Int32Array(2 * slots);
    for (let i = 0; i < former.length; i += 2) {
      const number = (former[i + 1] as number) & numbers;
      if (number !== 0) put(halves[number - 1] as number, former[i] as number, number);
    }
  }

  return {
    find({ a, b }) {
      const number = (table[placeOf(a, b) + 1] as number) & numbers;
      return number === 0 ? undefined : names[number - 1];
    },
    keep({ a, b }, name) {
      if (names.length >= most) {
        table.fill(0);
        names = [];
        halves = [];
      }
      if (names.length >= fullest * slots) grow();
      halves.push(a);
      put(a, b, names.push(name));
      return name;
    },
  };
}
