// A plan is data: printed (the dry run), hashed (approval), journalled before it starts, resumed by
// another process. Code for a step kind lives in one file of `steps/`.
import { z } from "zod";

export type StepClass = "read" | "convergent" | "guarded" | "once";

export const planStep = z.strictObject({
  /** Unique in its list, e.g. `switch` or `start`. */
  key: z.string(),
  /** Which file of `steps/` knows how. */
  kind: z.string(),
  input: z.json(),
  /** One line for people, e.g. "start v2 beside v1". */
  title: z.string(),
  /** Production is complete and serving (as far as it was before) if the run stops right after this step. */
  safePointAfter: z.boolean(),
  /** `turn`: go back by the undo list. `pause`: stop here and ask, because going back would be worse. */
  onFailure: z.enum(["turn", "pause"]),
});
export type PlanStep = z.infer<typeof planStep>;

/** A step of the way back: done only when one of the steps in `of` was ever begun. */
export const undoStep = planStep.omit({ onFailure: true }).extend({ of: z.array(z.string()).min(1) });
export type UndoStep = z.infer<typeof undoStep>;

export const planKind = z.enum([
  "deploy",
  "deploy-paused",
  "rollback",
  "restore",
  "retire",
  "revive",
  "flag-off",
  "adopt",
  "leave",
  "migrate-down",
]);
export type PlanKind = z.infer<typeof planKind>;

export const plan = z.strictObject({
  kind: planKind,
  app: z.string(),
  env: z.string(),
  /** Release id that serves when the plan is done. */
  target: z.string(),
  /** Release id that serves now; null where nothing serves. */
  from: z.string().nullable(),
  why: z.string(),
  /** Some complete release serves at every moment (invariant 4 of the design). */
  promisesNoDowntime: z.boolean(),
  /** What a person should read before saying yes. */
  notes: z.array(z.string()),
  steps: z.array(planStep),
  /** The way back, in its own order: not always the reverse (a database returns only while nobody has it open). */
  undo: z.array(undoStep),
});
export type Plan = z.infer<typeof plan>;
