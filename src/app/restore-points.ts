// The ways that a deploy keeps a restore point: asked of the database before the plan is made, and shown with it.
import type { JsonObject } from "../core/json.ts";
import type { PlanFacts } from "../core/plan/facts.ts";
import { quietWithinMs } from "../core/plan/hold-budget.ts";
import type { Rung } from "../ports/database.ts";
import type { Site } from "./app.ts";

export type Ways = {
  readonly copy: NonNullable<PlanFacts["copy"]> | null;
  readonly rungs: readonly Rung[];
};

const none: Ways = { copy: null, rungs: [] };

/** Where nothing is asked, or the database does not answer, its backup says so itself. */
export async function waysToKeep(
  { world, settings }: Site,
  { hasDatabase, from, style }: PlanFacts,
): Promise<Ways> {
  if (!hasDatabase || !world.database?.copies) return none;
  const looked = await world.database.copies.look();
  if (!looked.ok) return none;
  const { rungs, copy } = looked.value;
  const held = settings.holdMs !== undefined && from !== null && style === "beside";
  return { rungs, copy: copy && held ? { quietMs: quietWithinMs(settings.holdMs ?? 0) } : null };
}

export function waysData(rungs: readonly Rung[]): JsonObject[] {
  return rungs.map(({ way, chosen, why, backMs }) => ({ way, chosen, why, backMs: backMs ?? null }));
}
