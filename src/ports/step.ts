import type { Json } from "../core/json.ts";
import type { StepClass } from "../core/plan/plan.ts";
import type { Release } from "../core/release.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";
import type { World } from "./world.ts";

/** What a probe of the TARGET says of a step's effect. */
export type Verdict =
  /** The effect is there, and it is ours (or already was as wanted). */
  | { readonly is: "applied"; readonly evidence: Json }
  /** Nothing of it is there; `what` where the target says why it will not be there the next time either. */
  | { readonly is: "absent"; readonly what?: string }
  /** Some of it is there; `repair` can clean up. */
  | { readonly is: "partial"; readonly what: string }
  /** Somebody else changed the target. */
  | { readonly is: "foreign"; readonly what: string }
  /** The target does not say. */
  | { readonly is: "unknown"; readonly what: string };

/** What a step is given: the world, its own op, and the facts that its plan is about. */
export type StepContext = {
  readonly world: World;
  readonly op: Op;
  /** A release by id, from the journal. */
  release(id: string): Release;
  /** What an earlier forward step of this run did, from the journal; null where it was never begun. */
  step(key: string): { readonly op: string; readonly evidence: Json } | null;
  /** What `before` returned, from the durable intent: the same after a crash. */
  readonly before: Json;
};

/**
 * A kind of step. `probe` must read the target, never the journal and never the answer of `run`.
 * Rules by class: `read` has no effect and its result is its evidence; `convergent` may be repeated;
 * `guarded` compares and sets; `once` commits in one atomic act with a marker and is repeated only when
 * the probe proves that it is absent.
 */
export interface StepKind {
  readonly kind: string;
  readonly class: StepClass;
  /** Budget of one attempt, monotonic milliseconds. */
  limitMs(input: Json): number;
  /** What must be known before the effect (undo, compare-and-set). Journalled with the intent. Reads only. */
  before(context: Omit<StepContext, "before">, input: Json): Promise<Result<Json>>;
  /** The effect; for `read` steps the look itself, whose value is the evidence. */
  run(context: StepContext, input: Json): Promise<Result<Json>>;
  probe(context: StepContext, input: Json): Promise<Verdict>;
  /** Clean up a partial effect so that the step can be done again. */
  repair(context: StepContext, input: Json): Promise<Result<void>>;
}
