// Is it everybody's trouble or one client's? Decides what may be done about an alarm, not whether there is one.
import { type Counts, type Starts, startsByRate } from "./counts.ts";
import type { EProcess } from "./e-process.ts";

/** `RecentClients` holds just as many. */
export const leastClients = 3;
/** Failures of real sites come in clusters: in a healthy one three of three clients within seconds are not rare. */
export const leastErrors = 5;
/** Fewer than `leastClients` seen in this time: nobody can tell one client's trouble from everybody's. */
const seenWithinS = 300;
/**
 * Evidence that must be left without the worst client (an e-value). If all clients but one are well, a false
 * "broad" has at most the chance 1/100, and bursts are rare. The alarm itself keeps its stricter level; asking for
 * that here too would cost the 1.6 nats of one failure at 5 %, of 6.9 in all.
 */
export const neededWithoutWorst = 100;
/** Before this, few clients only mean that the watch is young: nobody is asked for two failures in its first second. */
const settledS = 60;
/** Failures that are remembered by client: this many at least, twice as many at most. */
export const failureLimit = 10_000;
/** exp() of more is near the largest double. */
const largestLog = 690;

export type Failures = {
  /** Oldest first. */
  readonly kept: { readonly client: string; readonly tick: number }[];
  /** Failures up to this tick are not all remembered; -1: all are. */
  forgottenTo: number;
};

/** The three newest distinct clients, each with the time of its newest request. Plain fields: this is on the hot path. */
export type RecentClients = {
  first: string | null;
  second: string | null;
  third: string | null;
  firstS: number;
  secondS: number;
  thirdS: number;
};

export type Breadth = {
  readonly kind: "broad" | "one-client" | "few-clients" | "unclear";
  readonly errorClients: number;
  readonly worstErrors: number;
};

export function startFailures(): Failures {
  return { kept: [], forgottenTo: -1 };
}

/** Remember who failed. CHANGES `failures`; forgets the older half when it is full. */
export function rememberFailure(failures: Failures, client: string, tick: number): void {
  failures.kept.push({ client, tick });
  if (failures.kept.length < 2 * failureLimit) return;
  failures.forgottenTo = failures.kept[failureLimit - 1]?.tick ?? tick;
  failures.kept.splice(0, failureLimit);
}

export function startRecentClients(): RecentClients {
  return { first: null, second: null, third: null, firstS: 0, secondS: 0, thirdS: 0 };
}

/** Remember who asked. CHANGES `recent`. */
export function noteClient(recent: RecentClients, client: string, atS: number): void {
  const { first, second } = recent;
  // Null is asked for on its own: two texts are then compared as texts, without a call.
  if (first === null || client !== first) {
    // A client that was third or unknown pushes out the third; one that was second only swaps.
    if (second === null || client !== second) {
      recent.third = recent.second;
      recent.thirdS = recent.secondS;
    }
    recent.second = recent.first;
    recent.secondS = recent.firstS;
    recent.first = client;
  }
  recent.firstS = atS;
}

/** Were fewer than three distinct clients seen in the last five minutes? */
export function fewClients(recent: RecentClients, nowS: number): boolean {
  if (nowS < settledS) return false;
  return recent.third === null || recent.thirdS <= nowS - seenWithinS;
}

type ByClient = {
  /** The oldest failure that is in here: another one in its place, and some were forgotten. */
  readonly oldest: Failures["kept"][number] | undefined;
  readonly ticks: Map<string, number[]>;
  counted: number;
};

/** What was made of failures before: findings are drawn many times a second, and failures only ever come at the end. */
const known = new WeakMap<Failures, ByClient>();

function byClient(failures: Failures): ReadonlyMap<string, readonly number[]> {
  const { kept } = failures;
  let made = known.get(failures);
  if (made === undefined || made.oldest !== kept[0] || made.counted > kept.length) {
    made = { oldest: kept[0], ticks: new Map(), counted: 0 };
    known.set(failures, made);
  }
  for (; made.counted < kept.length; made.counted += 1) {
    const { client, tick } = kept[made.counted] as (typeof kept)[number];
    const ticks = made.ticks.get(client);
    if (ticks) ticks.push(tick);
    else made.ticks.set(client, [tick]);
  }
  return made.ticks;
}

/** Ticks of failures by client, oldest first. */
export function failuresByClient(failures: Failures): readonly (readonly number[])[] {
  return [...byClient(failures).values()];
}

/** Distinct clients among the failures that are remembered. */
export function failedClients(failures: Failures): number {
  return byClient(failures).size;
}

/** Read an alarm. Reads only. Cost: buckets times rates, so it is asked only on an alarm. */
export function breadth(
  process: EProcess,
  counts: Counts,
  failures: Failures,
  recent: RecentClients,
  nowS: number,
): Breadth {
  const clients = failuresByClient(failures);
  const worstErrors = clients.reduce((most, ticks) => Math.max(most, ticks.length), 0);
  const facts = { errorClients: clients.length, worstErrors };
  if (fewClients(recent, nowS)) return { kind: "few-clients", ...facts };
  const errors = failures.kept.length;
  const enough = clients.length >= leastClients && errors >= leastErrors;
  if (enough && evidenceWithoutWorst(process, counts, failures) >= neededWithoutWorst) {
    return { kind: "broad", ...facts };
  }
  const narrow = (errors >= leastErrors && clients.length < leastClients) || 2 * worstErrors > errors;
  return { kind: narrow ? "one-client" : "unclear", ...facts };
}

/**
 * Evidence that is left at least, whichever one client is taken out.
 * For each fixed client, skipping all its requests is decided without looking at how they go, so what is left
 * is an e-process; a value below all of those is as valid as any of them. This is such a value, because
 * - what is taken out are the failures of a client worse than any: as many as the client with most, each as
 *   late as that of the client with the latest (a failure weighs on all starts up to it, so later is more);
 * - a client's successes, which are not kept by client, stay in, and they only make it smaller;
 * - starts up to `forgottenTo`, whose failures are not all known, and the prior that is not spent yet are left
 *   out, and all terms are nonnegative.
 */
export function evidenceWithoutWorst(process: EProcess, counts: Counts, failures: Failures): number {
  const starts = startsByRate(process, counts);
  const ticks = latestTicks(failuresByClient(failures));
  return starts.reduce((sum, part) => {
    return sum + part.weight * valueWithout(part, ticks, failures.forgottenTo);
  }, 0);
}

/** The i-th is the latest i-th newest failure of any client: newest first. */
function latestTicks(clients: readonly (readonly number[])[]): readonly number[] {
  const latest: number[] = [];
  for (const ticks of clients) {
    for (let i = 0; i < ticks.length; i++) {
      latest[i] = Math.max(latest[i] ?? 0, ticks[ticks.length - 1 - i] ?? 0);
    }
  }
  return latest;
}

/** R of one rate without the failures at these ticks, newest first. */
function valueWithout(part: Starts, ticks: readonly number[], forgottenTo: number): number {
  let sum = 0;
  let removed = 0;
  for (let tick = part.logs.length - 1; tick > forgottenTo; tick--) {
    while (removed < ticks.length && (ticks[removed] ?? 0) >= tick) removed += 1;
    sum += Math.exp(Math.min((part.logs[tick] ?? 0) - removed * part.errorLog, largestLog));
  }
  return sum;
}
