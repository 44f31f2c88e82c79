// What the proxy is started with: one JSON file, written by whoever starts it.
import { z } from "zod";
import { limits } from "../core/limits.ts";

const ms = z.int().min(1);

const tuning = z.strictObject({
  /** Longest wait of a held request. */
  holdMs: ms.default(limits.holdDefaultMs),
  /** Most requests that wait at once. */
  holdRequests: z.int().min(1).default(limits.holdQueueRequests),
  /** A request on which no byte moves in either direction for this long is ended. */
  idleMs: ms.default(300_000),
  connectMs: ms.default(5_000),
  /** An idle client connection is kept this long; above the 60 s of common load balancers. */
  clientKeepAliveMs: ms.default(75_000),
  /** An idle connection to the app is kept this long: below the shortest common keep-alive (2 s). */
  upstreamKeepAliveMs: ms.default(1_500),
  /** After a stop request, open requests and tunnels have this long. */
  stopGraceMs: ms.default(limits.drainDefaultMs),
  logRotateBytes: z
    .int()
    .min(1)
    .default(64 * 1024 * 1024),
});

export const settings = z.strictObject({
  stateDir: z.string().min(1),
  listen: z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65_535) }),
  controlSocket: z.string().min(1),
  /** Where a client's identity stands, if anywhere better than address and user agent. */
  clientKey: z
    .strictObject({ header: z.string().min(1).optional(), cookie: z.string().min(1).optional() })
    .default({}),
  tuning: tuning.default(tuning.parse({})),
});
export type Settings = z.infer<typeof settings>;

/** Wall and monotonic milliseconds, given by `main.ts`. */
export type ProxyClock = { now(): number; elapsed(): number };
