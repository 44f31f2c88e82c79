// What every mutation carries to its target.

export type Op = {
  /** base32(sha256(run | step key | direction | attempt-independent)): the same over retries and restarts. */
  readonly id: string;
  /** The controller's epoch. A target that has seen a higher one must refuse with `fenced`. */
  readonly epoch: number;
  /** Aborted on timeout or cancellation. A mutation may finish all the same: only a probe tells. */
  readonly signal: AbortSignal;
};
