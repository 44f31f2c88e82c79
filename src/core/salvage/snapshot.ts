// What a recorded snapshot of PostgreSQL says about later rows. Transaction ids here are the full ones, with their epoch.

export type Snapshot = {
  /** The oldest transaction that was still open: all before it had ended. */
  readonly xmin: bigint;
  /** The first transaction that had not begun. */
  readonly xmax: bigint;
  readonly open: readonly bigint[];
};

const text = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/;

/** Of `pg_current_snapshot()::text`; null where it is none. */
export function parseSnapshot(written: string): Snapshot | null {
  const [, xmin, xmax, open] = text.exec(written) ?? [];
  if (xmin === undefined || xmax === undefined || open === undefined) return null;
  return { xmin: BigInt(xmin), xmax: BigInt(xmax), open: open === "" ? [] : open.split(",").map(BigInt) };
}

/**
 * Nobody wrote at that moment, so every row is clearly before or after it. Otherwise rows of transactions that were
 * open count as written since: a snapshot does not list their savepoints, which would be taken for older rows.
 */
export function isClear({ xmin, xmax }: Snapshot): boolean {
  return xmin === xmax;
}

/** Rows carry 32 bits of their transaction's id, so a snapshot tells apart what is younger than this many. */
const idsInARound = 1n << 32n;

/** Has the server gone round the ids of rows since? Then `xmin` of a row no longer says when it was written. */
export function isTooOld(since: Snapshot, now: Snapshot): boolean {
  return now.xmax - since.xmin >= idsInARound;
}

/** A snapshot from another history (a cluster that was put back to an earlier time) or another server. */
export function isFromElsewhere(since: Snapshot, now: Snapshot): boolean {
  return since.xmax > now.xmax;
}
