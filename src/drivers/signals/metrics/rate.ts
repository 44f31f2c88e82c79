// Counters that only grow, as so many a minute.

type Sample = { readonly elapsedMs: number; readonly count: number };
const windowMs = 60_000;

/**
 * Growth over the last minute, or over as much of it as has been seen. Null at the first look: one number says nothing.
 * A counter that has become smaller was begun anew.
 */
export function perMinute(): (count: number, elapsedMs: number) => number | null {
  let samples: Sample[] = [];
  return (count, elapsedMs) => {
    const last = samples.at(-1);
    if (last !== undefined && count < last.count) samples = [];
    samples.push({ elapsedMs, count });
    const begun = samples.findLastIndex((one) => elapsedMs - one.elapsedMs >= windowMs);
    if (begun > 0) samples.splice(0, begun);
    const [first] = samples;
    if (first === undefined || first.elapsedMs === elapsedMs) return null;
    return ((count - first.count) * windowMs) / Math.max(windowMs, elapsedMs - first.elapsedMs);
  };
}
