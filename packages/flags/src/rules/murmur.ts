// MurmurHash3, 32 bit, seed 0, over UTF-16 units as flagd's JavaScript core does it: the same person, the same bucket.

/** Unsigned 32 bit. Letters above ASCII are mixed in like `imurmurhash` mixes them. */
export function murmur3(text: string): number {
  const whole = text.length & ~3;
  let hash = 0;
  for (let at = 0; at < whole; at += 4) {
    const last = text.charCodeAt(at + 3);
    const block =
      text.charCodeAt(at) ^
      (text.charCodeAt(at + 1) << 8) ^
      (text.charCodeAt(at + 2) << 16) ^
      (((last & 0xff) << 24) ^ ((last & 0xff00) >> 8));
    hash ^= scramble(block);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = text.length - 1; at >= whole; at--) tail ^= text.charCodeAt(at) << (8 * (at - whole));
  if (tail > 0) hash ^= scramble(tail);
  hash ^= text.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}
