// `fractional`: the same person always falls into the same bucket; buckets have weights.
import type { Build, Frame, Json, Mode, Rule } from "./compile.ts";
import { murmur3 } from "./murmur.ts";

const mostWeight = 2 ** 31 - 1;
const half = 2 ** 16;

type Bucket = { readonly variant: unknown; readonly weight: number };

export function fractional(args: Json, mode: Mode, build: Build): Rule {
  const all = Array.isArray(args) ? (args as readonly Json[]) : [args];
  const fixed = all.every(isPlainBucket) ? bucketsOf(all) : undefined;
  if (fixed !== undefined) {
    return (context, frame) => {
      const who = mode.root ? subject(context, frame) : null;
      return who === null || fixed === null ? null : pick(fixed, who);
    };
  }
  const parts = all.map((item) => build(item, mode));
  return (context, frame) => {
    if (!mode.root) return null;
    const values = parts.map((part) => part(context, frame));
    const [first, ...rest] = values;
    const own = typeof first === "string";
    const who = own ? first : subject(context, frame);
    const buckets = who === null ? null : bucketsOf(own ? rest : values);
    return who === null || buckets === null ? null : pick(buckets, who);
  };
}

function isPlainBucket(bucket: Json): boolean {
  return Array.isArray(bucket) && bucket.every((part) => typeof part !== "object" || part === null);
}

function subject(context: unknown, { flag }: Frame): string | null {
  const key = (context as Record<string, unknown> | null | undefined)?.["targetingKey"];
  return key ? `${flag}${key}` : null;
}

/** Null where one of them is none. */
function bucketsOf(raw: readonly unknown[]): readonly Bucket[] | null {
  const buckets: Bucket[] = [];
  let total = 0;
  for (const entry of raw) {
    if (!Array.isArray(entry) || entry.length === 0 || entry.length > 2) return null;
    const [variant, weight = 1] = entry as readonly unknown[];
    if (typeof variant === "object" && variant !== null) return null;
    if (typeof weight !== "number" || !Number.isInteger(weight)) return null;
    buckets.push({ variant: variant ?? null, weight: Math.max(0, weight) });
    total += Math.max(0, weight);
  }
  return total > mostWeight ? null : buckets;
}

function pick(buckets: readonly Bucket[], who: string): unknown {
  const total = buckets.reduce((sum, { weight }) => sum + weight, 0);
  const hash = murmur3(who);
  // hash * total / 2^32, rounded down, in halves: the product has up to 63 bits.
  const upper = Math.floor(hash / half) * total;
  const lower = Math.floor(((hash % half) * total) / half);
  const at = Math.floor((upper + lower) / half);
  let sum = 0;
  for (const { variant, weight } of buckets) {
    sum += weight;
    if (sum > at) return variant;
  }
  return null;
}
