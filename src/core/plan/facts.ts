// What a planner is told. Planners are pure: the same facts give the same plan.
import type { Flow, FlowMark, Moment } from "../flows/flow.ts";
import type { Release } from "../release.ts";

export type PlanFacts = {
  readonly app: string;
  readonly env: string;
  readonly target: Release;
  /** What serves now, from the target itself; null where nothing does. */
  readonly from: Release | null;
  /** Services of the target release that already have a live instance: going there is only a switch. */
  readonly warm: readonly string[];
  /** `beside`: the new release starts beside the old one. `in-place`: the platform replaces copy by copy. */
  readonly style: "beside" | "in-place";
  readonly hasDatabase: boolean;
  /** A template copy is taken while requests wait, once those in flight have ended. Left out: none is. */
  readonly copy?: { readonly quietMs: number } | null;
  /** Stores beside the database that a snapshot is taken of, by name. Left out: none. */
  readonly stores?: readonly string[];
  /** Run once in the new release before it gets traffic, e.g. migrations. */
  readonly tasks: readonly PlanTask[];
  /** Requests to try on a fresh instance; `service` null: the first that gets traffic. */
  readonly smoke: readonly SmokeCheck[];
  /** What users do, tried as they do it. */
  readonly flows?: readonly PlanFlow[];
  /** How the target's flows were through the public port when they were tried last: what a way back is compared with. */
  readonly flowsSeen?: readonly FlowMark[];
  readonly drainMs: number;
  readonly why: string;
};

export type SmokeCheck = {
  readonly service: string | null;
  readonly path: string;
  readonly expect: number;
};

export type PlanFlow = {
  /** Whose instance is tried before the switch; null: the first that gets traffic. */
  readonly service: string | null;
  readonly at: readonly Moment[];
  readonly flow: Flow;
};

export type PlanTask = {
  readonly name: string;
  readonly service: string;
  readonly argv: readonly [string, ...string[]];
  readonly timeoutMs: number;
};

/** How people name a release: its version. */
export function name(release: Release | null): string {
  return release?.version ?? "nothing";
}
