// What every request on its way through needs: settings, route, gate, pools, log, counters.
import type { AccessLog } from "./access-log.ts";
import type { Gate } from "./gate.ts";
import type { RouteState } from "./route.ts";
import type { Say } from "./say.ts";
import type { ProxyClock, Settings } from "./settings.ts";
import type { Upstreams } from "./upstreams.ts";

export type Counters = {
  /** Requests that began and did not end yet, held ones too; a tunnel counts until its handshake is over. */
  open: number;
  /** Requests that ended, however they ended: each has one line in the access log. */
  requests: number;
  /** Bytes that were no HTTP. */
  malformed: number;
  /** Exceptions that nobody expected. */
  uncaught: number;
  /** Connections turned away at the limit. */
  turnedAway: number;
};

export type Edge = {
  readonly settings: Settings;
  readonly clock: ProxyClock;
  readonly gate: Gate;
  readonly upstreams: Upstreams;
  readonly log: AccessLog;
  readonly say: Say;
  readonly counters: Counters;
  route(): RouteState;
  stopping(): boolean;
};
