/** Time. Wall time informs and is shown; durations and deadlines use `elapsed` only. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump. */
  now(): number;
  /** Monotonic milliseconds of this boot. Never goes back, unknown across boots. */
  elapsed(): number;
  /** Differs after every reboot. */
  bootId(): string;
  /** Resolves after `ms`, or at once when the signal aborts (it never rejects). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Fresh names. Separate from the clock so that a simulation can make them repeatable. */
export interface Ids {
  /** Short, sortable enough for people, unique: e.g. `run-8k3v9q2m`. */
  fresh(prefix: string): string;
}
