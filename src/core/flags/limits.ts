// The bounds of flags. Unit last.

export const limits = {
  definitionBytes: 8 * 1024 * 1024,
  flags: 50_000,
  nameLength: 200,
  mistakes: 20,
  /** Nesting of a rule, references resolved. */
  depth: 40,
  /** Parts of one rule, references resolved: few references can name many others. */
  parts: 20_000,
  /** A sign of life on every stream this often; clients call themselves stale after `staleMs` without one. */
  beatMs: 2_000,
  staleMs: 4_500,
  /** How long a switch waits for the processes to confirm it. */
  confirmMs: 5_000,
  /** A process that was cut off this lately still counts as running: it is waited for, and named. */
  awayMs: 15_000,
  /** What may wait in a subscriber's socket before it is cut off; it comes back and gets everything. */
  backlogBytes: 16 * 1024 * 1024,
  subscribers: 5_000,
  historyRows: 200,
  keys: 50,
  refusalLetters: 4_000,
  countedVariants: 100_000,
} as const;
