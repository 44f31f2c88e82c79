import type { ByHand } from "../core/break-glass/steps.ts";
import type { Release } from "../core/release.ts";
import type { Result } from "../core/result.ts";

/** What a runtime and its edge would have a person do, were Lastgood gone. */
export interface BreakGlass {
  /**
   * The steps that bring this release back, and what must be kept for them: nothing in the state folder may be
   * relied on. Reads only; `missing` where the release is not whole in the store any more.
   */
  byHand(release: Release): Promise<Result<ByHand>>;
}
