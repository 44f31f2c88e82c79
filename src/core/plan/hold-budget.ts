// How the time that requests may wait is shared out where a database is copied meanwhile. Pure.

/** Those in flight end first; what is left over is for the switch's own answers and for doubt. */
const [QUIET, COPY] = [0.3, 0.5];

/** For requests in flight to end, milliseconds. */
export function quietWithinMs(holdMs: number): number {
  return Math.floor(holdMs * QUIET);
}

/** For the copy itself, milliseconds. */
export function copyWithinMs(holdMs: number): number {
  return Math.floor(holdMs * COPY);
}
