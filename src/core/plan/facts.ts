// What a planner is told. Planners are pure: the same facts give the same plan.
import type { Release } from "../release.ts";

export type PlanFacts = {
  readonly app: string;
  readonly env: string;
  readonly service: string;
  readonly target: Release;
  /** What serves now, from the target itself; null where nothing does. */
  readonly from: Release | null;
  /** The target already has a live instance: going there is only a switch. */
  readonly targetWarm: boolean;
  readonly hasDatabase: boolean;
  readonly smoke: readonly { readonly path: string; readonly expect: number }[];
  readonly drainMs: number;
  readonly why: string;
};

/** How people name a release: its version. */
export function name(release: Release | null): string {
  return release?.version ?? "nothing";
}
