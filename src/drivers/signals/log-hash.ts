// Names for pieces of lines, found again by a hash of their bytes: a line that says what others said makes no text.

/** What is remembered at most; more at once begin anew. */
const remembered = 50_000;
const slots = 1 << 17;
const prime = 0x9e3779b1;
const otherPrime = 0x85ebca6b;

/**
 * Two hashes of 32 bits that differ in how they mix (after FNV-1a and murmur3). Nobody gains by making them collide:
 * who can choose the bytes can as well send the same ones.
 */
export type Hash = { a: number; b: number };

export function startHash(hash: Hash): void {
  hash.a = 0x811c9dc5;
  hash.b = 0x2f0b4a27;
}

/** CHANGES `hash`. Four bytes a round, so that a browser's name costs as much as reading it. */
export function hashBytes(hash: Hash, bytes: Uint8Array, from: number, to: number): void {
  let { a, b } = hash;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    const word =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24);
    a = Math.imul(a ^ word, prime);
    a ^= a >>> 15;
    b = Math.imul(b + word, otherPrime);
    b ^= b >>> 13;
  }
  for (; i < to; i += 1) {
    a = Math.imul(a ^ (bytes[i] as number), prime);
    b = Math.imul(b + (bytes[i] as number), otherPrime);
  }
  // The length ends it: "ab" + "c" is not "a" + "bc".
  a = Math.imul(a ^ (to - from), prime);
  b = Math.imul(b + (to - from), otherPrime);
  hash.a = a ^ (a >>> 16);
  hash.b = b ^ (b >>> 15);
}

export type Known = {
  /** The name for this hash; undefined: not known yet. */
  find(hash: Hash): string | undefined;
  keep(hash: Hash, name: string): string;
};

export function knownNames(): Known {
  // Two hashes and the number of the name, side by side: one look at memory.
  const table = new Int32Array(4 * slots);
  let names: string[] = [];

  function placeOf({ a, b }: Hash): number {
    let place = 4 * ((a ^ (b >>> 7)) & (slots - 1));
    while (table[place + 2] !== 0 && (table[place] !== a || table[place + 1] !== b)) {
      place = (place + 4) & (4 * slots - 1);
    }
    return place;
  }

  return {
    find(hash) {
      const number = table[placeOf(hash) + 2] as number;
      return number === 0 ? undefined : names[number - 1];
    },
    keep(hash, name) {
      if (names.length >= remembered) {
        table.fill(0);
        names = [];
      }
      const place = placeOf(hash);
      table[place] = hash.a;
      table[place + 1] = hash.b;
      const kept = asKey(name);
      table[place + 2] = names.push(kept);
      return kept;
    },
  };
}

/** The same text as the engine keeps its keys: looking it up in an object then takes one step and no comparison. */
function asKey(name: string): string {
  return Object.keys({ [name]: 0 })[0] ?? name;
}
