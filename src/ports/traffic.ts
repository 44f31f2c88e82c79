import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";

export type Backend = { readonly release: string; readonly instance: string; readonly url: string };

/** What the switch says of itself. */
export type RouteState = {
  /** Rises by one with every change, whoever made it. */
  readonly generation: number;
  /** Op of the newest change: the marker that tells our change from a foreign one. */
  readonly op: string | null;
  /** Where new requests go; null: nobody, they are answered 503. */
  readonly backend: Backend | null;
  /** New requests wait instead of going on. */
  readonly held: boolean;
  /** Highest epoch seen. */
  readonly epoch: number;
};

export type RouteChange = { readonly backend: Backend | null; readonly held: boolean };

/** The one switch in front of the app. Requests in flight are never cut by a change. */
export interface Traffic {
  now(): Promise<Result<RouteState>>;
  /**
   * Compare and set: takes effect only when `generation` is still `expected`.
   * When it returns ok, no new request goes to the former backend, and the change survives a restart.
   * `conflict` when the generation moved, `fenced` on a lower epoch.
   */
  change(op: Op, expected: number, change: RouteChange): Promise<Result<RouteState>>;
  /** Requests and connections still open at this instance. */
  inFlight(instance: string): Promise<Result<number>>;
  /** Ask through the public port which release answers on `path`; its id comes from the edge, not the app. */
  whoAnswers(
    path: string,
    timeoutMs: number,
  ): Promise<Result<{ readonly release: string | null; readonly status: number }>>;
}
