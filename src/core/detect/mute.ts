// After a client's failure, its requests do not count for a while: one retrying client is not an outage.

/** Muted clients that are remembered; more at once would be an outage that needs no muting. */
export const muteLimit = 10_000;
/** Settled entries are cut off the queue in blocks, so that the cut costs nothing on average. */
const cutAfter = 1_024;

/** Plain data. `queue` is in the order of muting, which is also the order of expiry: all mutes last equally long. */
export type Mute = {
  readonly forS: number;
  readonly until: Record<string, number>;
  readonly queue: { readonly client: string; readonly untilS: number }[];
  /** Entries of `queue` before this one are settled. */
  head: number;
};

/** `forS`: seconds of silence after a failure. */
export function startMute(forS: number): Mute {
  return { forS, until: Object.create(null) as Record<string, number>, queue: [], head: 0 };
}

/** Reads only. The answer depends on the past alone, never on how the request at hand went. */
export function isMuted(mute: Mute, client: string, atS: number): boolean {
  const until = mute.until[client];
  return typeof until === "number" && atS < until;
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
  if (oldest) delete mute.until[oldest.client];
  mute.head += 1;
  if (mute.head >= cutAfter) {
    mute.queue.splice(0, mute.head);
    mute.head = 0;
  }
}
