// Every wait, retry, queue, buffer and list of the product has its bound here. Unit last.

export const limits = {
  /** Attempts of one step before its run turns or pauses. */
  stepAttempts: 3,
  /** On the way back, and past return, there is nothing better to do than to try again. Attempts that a crash cut short count too. */
  stepAttemptsBack: 10,
  /** How long a probe that cannot tell is repeated before the run pauses. */
  probeDoubtMs: 10_000,
  probeTimeoutMs: 5_000,
  retryPauseMs: 200,
  healthDefaultMs: 30_000,
  drainDefaultMs: 30_000,
  stopGraceDefaultMs: 10_000,
  holdDefaultMs: 10_000,
  holdQueueRequests: 10_000,
  watchDefaultMs: 30 * 60_000,
  keepGoodReleases: 5,
  /** Wall and monotonic clock may differ by this much before we call it a jump. */
  clockJumpMs: 2_000,
  /** A CLI waits this long for a controller's first answer before it offers to take over. */
  controllerAnswerMs: 2_000,
  eventDataBytes: 256 * 1024,
  childOutputBytes: 1024 * 1024,
  accessLineBytes: 4 * 1024,
  accessReadBytes: 1024 * 1024,
  /** Of an access log in front of the app, at one look: 15,000 usual lines. */
  logReadBytes: 4 * 1024 * 1024,
  historyRows: 100,
  estimateSamples: 20,
  outboxAttempts: 20,
  journalTailEvents: 1_000,
  /** Space that must be free before a plan starts, beside what its own steps need. */
  journalFreeBytes: 64 * 1024 * 1024,
  ballastBytes: 8 * 1024 * 1024,
  revivals: 3,
  revivalWindowMs: 10 * 60_000,
  healthIntervalDefaultMs: 500,
  watchCheckDefaultMs: 5_000,
  keepBackups: 5,
  /** Drills that are remembered for estimates and screens. */
  drillRows: 20,
  verifiedBackups: 100,
} as const;
