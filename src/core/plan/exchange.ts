// What happens to the services of two releases when one takes over from the other.
import { type Release, routedOf, servicesOf } from "../release.ts";
import * as block from "./blocks.ts";
import type { PlanFacts } from "./facts.ts";
import type { PlanStep, UndoStep } from "./plan.ts";

type Exchange = { readonly steps: readonly PlanStep[]; readonly undo: readonly UndoStep[] };
type Traits = { readonly onFailure?: "turn" | "pause" };

/**
 * Workers must not run twice: the old one stops, the new one starts. One that only the old release has is stopped,
 * one that only the new release has is started. Production serves meanwhile, its queues wait.
 */
export function exchangeWorkers(facts: PlanFacts, traits: Traits = {}): Exchange {
  const { target, from } = facts;
  const leaving = from && from.id !== target.id ? servicesOf(from, "worker") : [];
  const coming = servicesOf(target, "worker");
  const stops = leaving.map((service) => block.as(`stop-${service}-from`, stopOf(from, service, traits)));
  const starts = coming.map((service) => block.start(facts, target, service, traits));
  const waits = coming.map((service) => block.health(target, service, traits));
  const undo = [
    ...coming.flatMap((service, at) =>
      block.undoing(starts.slice(at, at + 1), [block.stop(target, service)]),
    ),
    ...(from ? block.undoing(stops, block.ending("from", block.bringUp(facts, from, leaving))) : []),
  ];
  return { steps: [...stops, ...starts, ...waits], undo };
}

function stopOf(release: Release | null, service: string, traits: Traits): PlanStep {
  return block.stop(release as Release, service, traits);
}

/** One switch for each service that either release answers; what only the old one answers goes to nobody. */
export function takeOverRoutes(facts: PlanFacts, traits: Traits = {}): Exchange {
  const { target, from } = facts;
  const all = [...new Set([...routedOf(target), ...routedOf(from)])];
  const steps = block.switchAll(target, all, traits);
  const undo = all.toReversed().flatMap((service) =>
    block.undoing(
      steps.filter((step) => step.key === `switch-${service}`),
      block.switchAll(from, [service]),
    ),
  );
  return { steps, undo };
}
