// Many successes at once, for thousands of requests a second: what one call of `observe` for each would leave behind.
//
// It holds where nobody comes back within a minute, so that no request is muted: the population against which the
// mute protects least. A test compares both ways, figure by figure.
import { observeRequest, type Streams, tickStreams } from "../../src/core/detect/streams.ts";
import type { Random } from "../random.ts";
import { poisson } from "./poisson.ts";

/** A stream of requests by clients of whom none comes back. */
export type Crowd = { readonly rate: number; asked: number };

/**
 * One second, from `atS` on, in which each request fails with chance `failing`. CHANGES `streams`.
 * `failed` is asked after each failure; true: stop.
 */
export function crowdSecond(
  streams: Streams,
  random: Random,
  crowd: Crowd,
  second: { readonly atS: number; readonly failing: number },
  failed: () => boolean,
): boolean {
  let left = poisson(random, crowd.rate);
  const { atS, failing } = second;
  tickStreams(streams, atS);
  while (left > 0) {
    // Successes before the next failure: a geometric number.
    const well = Math.min(left, Math.floor(Math.log(1 - random.uniform()) / Math.log(1 - failing)));
    observeWell(streams, crowd, atS, well);
    left -= well;
    if (left === 0) return false;
    left -= 1;
    crowd.asked += 1;
    observeRequest(streams, { atS, ok: false, client: `crowd-${crowd.asked}` });
    if (failed()) return true;
  }
  return false;
}

/** The newest three clients are remembered by name, so these are seen one by one. */
const byName = 3;

export function observeWell(streams: Streams, crowd: Crowd, atS: number, count: number): void {
  const { errors } = streams;
  const summed = Math.max(0, count - byName);
  if (summed > 0) {
    const { process, counts } = errors;
    process.pendingOk += summed;
    counts.requests[process.ticks] = (counts.requests[process.ticks] ?? 0) + summed;
    errors.requests += summed;
    streams.failing.requests += summed;
    crowd.asked += summed;
  }
  for (let i = summed; i < count; i++) {
    crowd.asked += 1;
    observeRequest(streams, { atS, ok: true, client: `crowd-${crowd.asked}` });
  }
}
