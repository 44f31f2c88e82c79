// The client side's own limits, so that nobody takes one of them for a failure of the server.

export const bounds = {
  /** No answer within this time counts as lost; longer than any hold or slow request of ours. */
  answerMs: 30_000,
  /** Open requests; an arrival beyond this is not sent and counted as `notSent`. */
  inFlight: 4_000,
  /** Arrivals that may be made up for after a stall of this process; older ones count as `notSent`. */
  catchUpMs: 1_000,
  /** A connection that was idle this long is not used again: servers close idle ones, commonly after 5 s. */
  idleConnectionMs: 3_000,
  /** Idle connections kept by each client; a browser has about six. */
  idleConnections: 6,
  /** Lost requests that are kept one by one; further ones are only counted. */
  lostKept: 100_000,
  /** Acknowledged orders; from then on nobody orders any more. */
  acknowledgedKept: 1_000_000,
  /** Orders that a client remembers to look at and to pay for. */
  ordersRemembered: 50,
  /** Clients that hold a websocket: each message goes to all of them, so the cost grows with the square. */
  websockets: 10,
  messageEveryMs: 1_000,
  websocketAgainMs: 500,
  /** Messages that wait for their echo. */
  unechoed: 1_000,
  frameBytes: 64 * 1024,
  /** Length of one slow request. */
  slowMs: 2_000,
  /** Tries of one page when looking for lost orders: a bad release may fail some of them. */
  pageTries: 20,
  pagePauseMs: 100,
} as const;
