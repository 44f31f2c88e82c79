import type { Release } from "../core/release.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";

/** What the target says of a service that an engine of its own replaces, copy by copy. */
export type RolloutState = {
  /** Rises with every change, whoever made it: what a change compares with. */
  readonly generation: number;
  /** Release that the target is told to run; null where none of ours is named. */
  readonly release: string | null;
  /** Op of the newest change; null where somebody else made it. */
  readonly op: string | null;
  /** `steady`: all copies that are wanted run it; `failed`: the engine gave up, paused, or went back by itself. */
  readonly state: "steady" | "updating" | "failed";
  readonly running: number;
  readonly wanted: number;
  /** For a person: what the engine says, newest errors of its copies. Redacted. */
  readonly what: string;
};

/** Services that are not started beside but replaced in place by the platform (Swarm). */
export interface Rollout {
  /** `missing` where there is no such service. Reads the target. */
  now(service: string): Promise<Result<RolloutState>>;
  /**
   * Compare and set: tell the target to run `release`. Returns when the target has taken the order, not when it is
   * carried out: ask `now`. The engine's own way back is off: it would return to whatever it ran before, also a bad one.
   * `conflict` when the generation moved, `fenced` on a lower epoch.
   */
  change(op: Op, service: string, expected: number, release: Release): Promise<Result<RolloutState>>;
}
