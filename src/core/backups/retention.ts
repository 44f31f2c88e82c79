// Which backups may go. Pure: the same list and time give the same answer.

export type Retention = {
  /** The newest ones, whatever their age. At least 1. */
  readonly newest: number;
  /** The newest of each of so many days, ISO weeks and months (UTC) that have one. */
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
};

export type Kept = {
  readonly id: string;
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
  /** A drill restored it, and it was right. */
  readonly proved: boolean;
  readonly damaged: boolean;
};

const dayMs = 86_400_000;

/**
 * Ids that nothing asks for any more. The newest one that a drill proved always stays, however old; damaged ones are
 * kept for looking at, as many as `newest`, and never push out a good one. Days, weeks and months without a backup do
 * not count, so that a month without the controller costs nothing.
 */
export function expired(all: readonly Kept[], keep: Retention): readonly string[] {
  const sorted = [...all].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  const whole = sorted.filter((one) => !one.damaged);
  const proved = whole.find((one) => one.proved);
  const stay = new Set([
    ...whole.slice(0, keep.newest),
    ...(proved ? [proved] : []),
    ...firstOfEach(whole, dayOf, keep.daily),
    ...firstOfEach(whole, weekOf, keep.weekly),
    ...firstOfEach(whole, monthOf, keep.monthly),
    ...sorted.filter((one) => one.damaged).slice(0, keep.newest),
  ]);
  return sorted.filter((one) => !stay.has(one)).map((one) => one.id);
}

/** `sorted`: newest first. */
function firstOfEach(
  sorted: readonly Kept[],
  period: (at: number) => number,
  count: number,
): readonly Kept[] {
  const seen = new Map<number, Kept>();
  for (const one of sorted) if (!seen.has(period(one.at))) seen.set(period(one.at), one);
  return [...seen.values()].slice(0, count);
}

function dayOf(at: number): number {
  return Math.floor(at / dayMs);
}

/** Weeks begin on Monday; 1970 began on a Thursday. */
function weekOf(at: number): number {
  return Math.floor((dayOf(at) + 3) / 7);
}

function monthOf(at: number): number {
  const date = new Date(at);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}
