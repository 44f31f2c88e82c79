// Names for pieces of lines, found again by a hash of their bytes: a line that says what others said makes no text.

/** What is remembered at most; more at once begin anew. */
const remembered = 50_000;
/** Doubled when half of them are taken. */
const firstSlots = 1 << 10;
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

export type Known = {
  /** The name for this hash; undefined: not known yet. */
  find(hash: Hash): string | undefined;
  keep(hash: Hash, name: string): string;
};

export function knownNames(): Known {
  // Two hashes and the number of the name, side by side: one look at memory. No larger than it has to be: what fits
  // the processor's cache is found several times as fast.
  let slots = firstSlots;
  let table = new Int32Array(4 * slots);
  let names: string[] = [];

  function placeOf(a: number, b: number): number {
    const last = 4 * slots - 1;
    let place = (4 * (a ^ (b >>> 7))) & last;
    while (table[place + 2] !== 0 && (table[place] !== a || table[place + 1] !== b)) {
      place = (place + 4) & last;
    }
    return place;
  }

  function put(a: number, b: number, number: number): void {
    const place = placeOf(a, b);
    table[place] = a;
    table[place + 1] = b;
    table[place + 2] = number;
  }

  function grow(): void {
    const former = table;
    slots *= 2;
    table = new Int32Array(4 * slots);
    for (let i = 0; i < former.length; i += 4) {
      const number = former[i + 2] as number;
      if (number !== 0) put(former[i] as number, former[i + 1] as number, number);
    }
  }

  return {
    find({ a, b }) {
      const number = table[placeOf(a, b) + 2] as number;
      return number === 0 ? undefined : names[number - 1];
    },
    keep({ a, b }, name) {
      if (names.length >= remembered) {
        table.fill(0);
        names = [];
      }
      if (2 * names.length >= slots) grow();
      put(a, b, names.push(name));
      return name;
    },
  };
}
