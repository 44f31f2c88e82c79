// What the parts of the composition root hand each other for one environment.
import type { Config } from "../config/schema.ts";
import type { Release } from "../core/release.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "../ports/op.ts";
import type { Signals } from "../ports/signals.ts";
import type { Traffic } from "../ports/traffic.ts";
import type { World } from "../ports/world.ts";
import type { Machine } from "./machine.ts";
import type { StatePaths } from "./paths.ts";

export type Places = ReturnType<StatePaths["env"]>;

export type Wiring = {
  readonly config: Config;
  readonly env: string;
  readonly places: Places;
  readonly machine: Machine;
  /** Releases of this environment that the journal knows, the serving one first. */
  known(): readonly Release[];
};

/** What runs the app. */
export type Platform = Pick<World, "runtime" | "rollout" | "tasks" | "trials" | "adoption">;

/** What stands in front of its services: one switch each. */
export type Edges = {
  traffic(service: string): Traffic;
  /** The requests that the service's edge saw; empty where it keeps no log that we can read. */
  signals(service: string): readonly Signals[];
  /** Running in front of all that these releases route; started where they were not. */
  ensure(releases: readonly Release[]): Promise<Result<void>>;
  end(op: Op): Promise<Result<void>>;
};
