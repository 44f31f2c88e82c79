// When the next backup or drill is due. Pure; all times are wall clock, milliseconds since 1970, UTC.

export type Every = {
  readonly everyMs: number;
  /** Time of day that it counts from, milliseconds after midnight UTC; null: from the last one. */
  readonly atMs: number | null;
};

/** A failed one is tried again after this, or after a tenth of the interval where that is shorter. */
const againMs = 15 * 60_000;
const dayMs = 86_400_000;

type Past = {
  /** The last that worked; null: none ever did. */
  readonly last: number | null;
  /** The last that failed after it. */
  readonly failed: number | null;
};

/** When to begin the next one; a time that is over means: now. What was missed while nobody ran is made up for once. */
export function dueAt(every: Every, { last, failed }: Past): number {
  const planned = last === null ? Number.NEGATIVE_INFINITY : nextAfter(every, last);
  if (failed === null || (last !== null && failed < last)) return planned;
  return Math.max(planned, failed + Math.min(againMs, every.everyMs / 10));
}

function nextAfter({ everyMs, atMs }: Every, last: number): number {
  if (atMs === null) return last + everyMs;
  const anchor = Math.floor(last / dayMs) * dayMs + atMs;
  const slots = Math.floor((last - anchor) / everyMs) + 1;
  return anchor + slots * everyMs;
}
