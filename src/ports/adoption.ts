import type { Json } from "../core/json.ts";
import type { Release } from "../core/release.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";

/** What runs under the stack's names, and was not started by us. */
export type Foreign = {
  /** Services that are served by it. */
  readonly services: readonly string[];
  /** What taking it over means, for a person, before it is done. */
  readonly says: readonly string[];
};

/** Takes over what served before Lastgood came: names, ports and addresses go to our edges, and back. */
export interface Adoption {
  /**
   * Null where nothing of others runs. With a release: only its services that an edge stands in front of. Reads the
   * target. `needs-person` where something stands in front that can't be led to an edge.
   */
  foreign(release: Release | null): Promise<Result<Foreign | null>>;
  /** What runs now, as a release under this version. Changes nothing that serves. */
  capture(version: string): Promise<Result<Release>>;
  /** Each edge must have a backend already. Convergent: may be repeated after any crash. The answer is evidence. */
  takeOver(op: Op, release: Release): Promise<Result<Json>>;
  /** The stack's own containers serve again under their names and ports, the edges are gone. Convergent. */
  giveBack(op: Op, release: Release): Promise<Result<Json>>;
}
