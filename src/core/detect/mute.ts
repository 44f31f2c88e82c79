// After a client's failure, its requests do not count for a while: one retrying client is not an outage. A client that
// is served well again counts again, so that a site with a dozen users does not go deaf after a dozen failures.

/** Muted clients that are remembered; more at once would be an outage that needs no muting. */
export const muteLimit = 10_000;
/**
 * So many requests of a muted client in a row that went well end its mute. A client that retries what fails gets
 * nowhere near; where 5 % of requests fail for everybody, it takes 13 requests on average: (1/0.95^10 - 1)/0.05.
 */
export const wellAgainAfter = 10;
/** Settled entries are cut off the queue in blocks, so that the cut costs nothing on average. */
const cutAfter = 1_024;

/** Plain data. `queue` is in the order of muting, which is also the order of expiry: all mutes last equally long. */
export type Mute = {
  readonly forS: number;
  readonly until: Record<string, number>;
  /** Requests of a muted client in a row that went well. */
  readonly well: Record<string, number>;
  readonly queue: { readonly client: string; readonly untilS: number }[];
  /** Entries of `queue` before this one are settled. */
  head: number;
};

/** `forS`: seconds of silence after a failure. */
export function startMute(forS: number): Mute {
  const none = () => Object.create(null) as Record<string, number>;
  return { forS, until: none(), well: none(), queue: [], head: 0 };
}

/** Reads only. The answer depends on the past alone, never on how the request at hand went. */
export function isMuted(mute: Mute, client: string, atS: number): boolean {
  const until = mute.until[client];
  return typeof until === "number" && atS < until;
}

/**
 * A muted client asked. CHANGES `mute`: enough in a row that went well end its mute. The request at hand stays
 * uncounted, so which ones count is still decided from the past alone.
 */
export function noteMuted(mute: Mute, client: string, ok: boolean): void {
  if (!ok) {
    delete mute.well[client];
    return;
  }
  const well = (mute.well[client] ?? 0) + 1;
  if (well < wellAgainAfter) mute.well[client] = well;
  else forget(mute, client);
}

/**
 * Mute a client that just failed. CHANGES `mute`. At the limit the oldest mute is dropped, so that client's
 * requests count again a little early. That keeps the guarantee: which requests count is still decided
 * from the past alone, and the e-process is valid for every such choice. Only the protection against
 * a burst of that one client gets weaker.
 */
export function muteClient(mute: Mute, client: string, atS: number): void {
  if (mute.forS <= 0) return;
  expire(mute, atS);
  if (mute.queue.length - mute.head >= muteLimit) dropOldest(mute);
  mute.until[client] = atS + mute.forS;
  mute.queue.push({ client, untilS: atS + mute.forS });
}

/** Forget mutes that are over. CHANGES `mute`. */
export function expire(mute: Mute, atS: number): void {
  for (let oldest = mute.queue[mute.head]; oldest && oldest.untilS <= atS; oldest = mute.queue[mute.head]) {
    dropOldest(mute);
  }
}

function dropOldest(mute: Mute): void {
  const oldest = mute.queue[mute.head];
  // One that was well again and failed anew has a later entry, which is the one that holds.
  if (oldest && mute.until[oldest.client] === oldest.untilS) forget(mute, oldest.client);
  mute.head += 1;
  if (mute.head >= cutAfter) {
    mute.queue.splice(0, mute.head);
    mute.head = 0;
  }
}

function forget(mute: Mute, client: string): void {
  delete mute.until[client];
  delete mute.well[client];
}
