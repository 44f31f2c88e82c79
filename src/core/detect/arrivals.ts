// How far several logs are read, together: what none of them can tell of any more. Lines come late, in blocks, and of
// several writers in no order; before silence is counted, the slowest source has to have had its say. Pure.

/** Lines are waited for this long at least: writers keep them for a moment. */
const leastLagS = 5;
/** Lines of one writer come in order, dated to the second. */
const leastOrderS = 1;
/** Nobody waits longer than this for a source that is late: otherwise one stuck writer would hide all silence. */
const mostLagS = 60;
/** Of a source that has not said anything yet nobody knows how late its lines come. */
const unknownLagS = 30;

type Arrival = {
  /** Date of its newest line, seconds since the deploy; null: none was read yet. */
  readS: number | null;
  /** How old lines were when they could be read, at most. */
  lagS: number;
  /** How much older lines were than one before them, at most. */
  orderS: number;
  /** There is more of it than was read. */
  behind: boolean;
};

/** Plain data, by name of the source. */
export type Arrivals = Record<string, Arrival>;

/** `sources`: all that may tell of events. */
export function startArrivals(sources: readonly string[]): Arrivals {
  const nothing = { readS: null, lagS: leastLagS, orderS: leastOrderS, behind: false };
  return Object.fromEntries(sources.map((name) => [name, { ...nothing }]));
}

/** One look at a source: dates of its new lines, in the order in which they came. CHANGES `arrivals`. */
export function arrived(
  arrivals: Arrivals,
  source: string,
  look: { readonly writtenS: readonly number[]; readonly nowS: number; readonly more: boolean },
): void {
  const one = arrivals[source];
  if (one === undefined) return;
  const wasBehind = one.behind;
  one.behind = look.more;
  let readS = one.readS ?? Number.NEGATIVE_INFINITY;
  let oldest = Number.POSITIVE_INFINITY;
  for (const atS of look.writtenS) {
    if (atS < readS - one.orderS) one.orderS = Math.min(mostLagS, readS - atS);
    if (atS > readS) readS = atS;
    if (atS < oldest) oldest = atS;
  }
  if (look.writtenS.length === 0) return;
  one.readS = readS;
  // What was left unread by us is old without having come late.
  const ageS = look.nowS - Math.max(0, oldest) + leastOrderS;
  if (!wasBehind && !look.more && ageS > one.lagS) one.lagS = Math.min(mostLagS, ageS);
}

/** Seconds since the deploy up to which all that happened has been told of. */
export function heardTo(arrivals: Arrivals, nowS: number): number {
  const all = Object.values(arrivals).map((one) => heardOf(one, nowS));
  return all.length === 0 ? nowS - leastLagS : Math.min(...all);
}

function heardOf({ readS, lagS, orderS, behind }: Arrival, nowS: number): number {
  if (behind) return readS === null ? 0 : readS - orderS;
  // One that stays silent for long has nothing to tell.
  if (readS === null) return nowS - (nowS < mostLagS ? unknownLagS : leastLagS);
  return Math.max(nowS - lagS, Math.min(nowS, readS - orderS));
}
