// The plan kinds. Pure: facts in, plan out.
import type { Release } from "../release.ts";
import { assert } from "../result.ts";
import * as block from "./blocks.ts";
import { name, type PlanFacts } from "./facts.ts";
import type { Plan, PlanKind, PlanStep, UndoStep } from "./plan.ts";

type Shape = {
  readonly steps: readonly PlanStep[];
  readonly undo: readonly UndoStep[];
  readonly notes?: readonly string[];
};

function assemble(kind: PlanKind, facts: PlanFacts, noDowntime: boolean, shape: Shape): Plan {
  return {
    kind,
    app: facts.app,
    env: facts.env,
    target: facts.target.id,
    from: facts.from?.id ?? null,
    why: facts.why,
    promisesNoDowntime: noDowntime && facts.from !== null,
    notes: [...(shape.notes ?? [])],
    steps: [...shape.steps],
    undo: [...shape.undo],
  };
}

/**
 * The new release starts beside the old one; one switch; the old one stays warm. Nothing is drained yet: requests
 * in flight end on the old release while the new one is watched already; draining comes before stopping.
 */
export function planDeploy(facts: PlanFacts): Plan {
  const { target, from } = facts;
  const steps = [
    block.prepare(facts),
    ...(facts.hasDatabase ? [block.backUp(facts, true)] : []),
    block.start(facts, target),
    block.health(facts, target),
    ...block.smoke(facts, target),
    block.switchTo(facts, target),
    block.verify(facts, target),
  ];
  // It ran all the time, so starting it does nothing, unless it died meanwhile or the machine was off.
  const bringBack = from
    ? [
        block.undoing(["switch"], block.as("start-from", block.start(facts, from))),
        block.undoing(["switch"], block.as("health-from", block.health(facts, from))),
      ]
    : [];
  const undo = [
    ...bringBack,
    block.undoing(["switch"], block.switchTo(facts, from)),
    ...(facts.targetWarm ? [] : [block.undoing(["start"], block.stop(facts, target))]),
    ...(from ? [block.undoing(["switch"], block.verify(facts, from))] : []),
  ];
  return assemble("deploy", facts, true, { steps, undo });
}

/** The old release is stopped first: for apps, or schema changes, that cannot run twice. Requests wait. */
export function planPausedDeploy(facts: PlanFacts): Plan {
  const { target, from } = facts;
  assert(from, "a paused deploy needs something to pause");
  const held = { safe: false };
  const database = facts.hasDatabase;
  const steps = [
    block.prepare(facts),
    block.hold(),
    block.drain(facts, from, held),
    ...(database ? [block.backUp(facts, false)] : []),
    block.stop(facts, from, held),
    block.start(facts, target, held),
    block.health(facts, target, held),
    ...block.smoke(facts, target, held),
    block.switchTo(facts, target, { ...held, held: true }),
    block.letGo({ safe: true, onFailure: "pause" }),
    // Once requests flowed, the kept database is older than what people were told: going back is theirs to say.
    { ...block.verify(facts, target), onFailure: "pause" as const },
  ];
  const undo = [
    block.undoing(["start"], block.as("stop-target", block.stop(facts, target))),
    ...(database ? [block.undoing(["backup"], block.returnDatabase())] : []),
    block.undoing(["stop"], block.as("start-from", block.start(facts, from))),
    block.undoing(["stop"], block.as("health-from", block.health(facts, from))),
    block.undoing(["stop", "switch"], block.switchTo(facts, from)),
    block.undoing(["hold"], block.letGo()),
    block.undoing(["hold"], block.verify(facts, from)),
  ];
  const notes = [`${name(from)} is stopped before ${name(target)} starts: requests wait meanwhile.`];
  return assemble("deploy-paused", facts, false, { steps, undo, notes });
}

/**
 * The deploy pipeline with an earlier target. Never undone by itself past its switch: then a person is asked.
 * A warm target was started, and passed its smoke checks, when it went out: here milliseconds count, and its health is
 * asked all the same. Should it have died meanwhile, the plan fails before anything was changed, and a cold one follows.
 */
export function planRollback(facts: PlanFacts): Plan {
  const { target } = facts;
  const keep = { onFailure: "pause" as const };
  const steps = [
    block.prepare(facts),
    ...(facts.targetWarm ? [] : [block.start(facts, target)]),
    block.health(facts, target),
    ...(facts.targetWarm ? [] : block.smoke(facts, target)),
    block.switchTo(facts, target, keep),
    block.verify(facts, target, keep),
  ];
  const undo = facts.targetWarm ? [] : [block.undoing(["start"], block.stop(facts, target))];
  const notes = [
    facts.targetWarm
      ? `${name(target)} still runs: going back is one switch.`
      : `${name(target)} is started first.`,
  ];
  return assemble("rollback", facts, true, { steps, undo, notes });
}

/** Code and data go back together; what was there is kept and can be returned. */
export function planRestore(facts: PlanFacts, backup: string): Plan {
  const { target, from } = facts;
  assert(from, "a restore needs something that serves");
  const held = { safe: false };
  const same = from.id === target.id;
  const steps = [
    block.prepare(facts),
    block.hold(),
    block.drain(facts, from, held),
    block.stop(facts, from, held),
    ...(facts.targetWarm && !same ? [block.as("stop-target", block.stop(facts, target, held))] : []),
    block.restore(backup),
    block.start(facts, target, held),
    block.health(facts, target, held),
    ...block.smoke(facts, target, held),
    block.switchTo(facts, target, { ...held, held: true }),
    block.letGo({ onFailure: "pause" }),
    { ...block.verify(facts, target), onFailure: "pause" as const },
  ];
  const undo = [
    block.undoing(["start"], block.as("stop-started", block.stop(facts, target))),
    block.undoing(["restore"], block.unrestore()),
    block.undoing(["stop"], block.as("start-from", block.start(facts, from))),
    block.undoing(["stop"], block.as("health-from", block.health(facts, from))),
    block.undoing(["stop", "switch"], block.switchTo(facts, from)),
    block.undoing(["hold"], block.letGo()),
    block.undoing(["hold"], block.verify(facts, from)),
  ];
  const notes = [
    "Requests wait while the database is exchanged. The database of now is kept and can be returned.",
  ];
  return assemble("restore", facts, false, { steps, undo, notes });
}

/** After the watch: requests on the release that was left end, it is stopped, files beyond the kept ones are dropped. */
export function planRetire(facts: PlanFacts, left: readonly Release[], forgotten: readonly string[]): Plan {
  const stops = left.flatMap((release) => [
    block.as(`drain-${release.id}`, block.drain(facts, release)),
    block.as(`stop-${release.id}`, block.stop(facts, release)),
  ]);
  return assemble("retire", facts, true, { steps: [...stops, ...forgotten.map(block.forget)], undo: [] });
}

/** What served is gone (crash, reboot): start it again and point the route at it. */
export function planRevive(facts: PlanFacts): Plan {
  const { target } = facts;
  const steps = [
    block.prepare(facts),
    block.start(facts, target),
    block.health(facts, target),
    block.switchTo(facts, target),
    block.verify(facts, target),
  ];
  return assemble("revive", { ...facts, from: null }, false, { steps, undo: [] });
}

/** The cheapest remedy: a switch inside the app. No release is touched. */
export function planFlagOff(facts: PlanFacts, flag: string): Plan {
  const undo = [block.undoing(["flag"], block.setFlag(flag, true))];
  return assemble("flag-off", facts, true, {
    steps: [block.setFlag(flag, false), block.verify(facts, facts.target)],
    undo,
  });
}
