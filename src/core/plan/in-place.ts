// Plans for platforms that replace a service copy by copy, by themselves (Swarm): several services move together or not at all.
import { servicesOf } from "../release.ts";
import * as block from "./blocks.ts";
import { name, type PlanFacts } from "./facts.ts";
import type { Plan } from "./plan.ts";

/** A rollback pauses where it fails: going back to what was left would be worse. */
export function planRollOut(kind: "deploy" | "rollback", facts: PlanFacts): Plan {
  const { target, from } = facts;
  const traits = kind === "rollback" ? { onFailure: "pause" as const } : {};
  const moves = servicesOf(target).map((service, at, all) =>
    block.rollOut(target, service, { ...traits, safe: at === all.length - 1 }),
  );
  const goesBack = kind === "deploy" && from !== null;
  const undo = goesBack
    ? servicesOf(from)
        .toReversed()
        .flatMap((service) =>
          block.undoing(
            moves.filter((move) => move.key === `roll-out-${service}`),
            [block.rollOut(from, service)],
          ),
        )
    : [];
  return {
    kind,
    app: facts.app,
    env: facts.env,
    target: target.id,
    from: from?.id ?? null,
    why: facts.why,
    promisesNoDowntime: from !== null,
    notes: [`The platform replaces ${name(from)} by ${name(target)} copy by copy.`],
    steps: [
      block.prepare(facts),
      ...(kind === "deploy" && facts.hasDatabase ? [block.backUp(facts, true)] : []),
      ...(kind === "deploy"
        ? [...block.snapshots(facts), ...block.tasks(facts), ...block.flowsBefore(facts)]
        : []),
      ...moves,
      ...block.verify(target, traits),
      ...block.flowsAfter(facts, kind === "deploy" ? "switch" : "rollback", traits),
    ],
    undo: [...undo, ...(goesBack ? block.undoing(moves, block.verify(from)) : [])],
  };
}
