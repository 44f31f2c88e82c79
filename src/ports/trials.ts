// Releases started aside: to be tried on a copy of the database, with nobody sent to them.
import type { Aim } from "../core/backups/aim.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";
import type { Instance, Runtime } from "./runtime.ts";

/** Where connections of an instance come from, as a server sees them. `port` null: any of this address. */
export type Caller = { readonly address: string; readonly port: number | null };

export interface Trials {
  /**
   * A runtime of its own beside production's: what it starts is the release as it is kept, with its settings turned by
   * `aim`, on a private address, and never among production's instances. Before it starts anything it leaves a note, so
   * that a crash leaves nothing that nobody knows. `config` where the settings cannot be turned.
   */
  aside(aim: Aim): Pick<Runtime, "instances" | "start" | "stop">;
  /** Its connections as of now; empty where they cannot be told. */
  callers(instance: Instance): Promise<readonly Caller[]>;
  /** Ends and clears all that was started aside in this environment, whoever did. Cheap where there is no note. */
  sweep(op: Op): Promise<Result<void>>;
}
