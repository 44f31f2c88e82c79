// Plans for a stack that ran before Lastgood came, and for leaving it to itself again.
import { type Release, routedOf, servicesOf } from "../release.ts";
import * as block from "./blocks.ts";
import { name, type PlanFacts } from "./facts.ts";
import type { Plan, PlanStep } from "./plan.ts";

/**
 * What runs starts once more, as instances of ours that nobody asks yet; the edges lead to them; then names and ports
 * change hands. Until that step production is what it was. Its workers go on as they are, as workers of this release.
 */
export function planAdopt(facts: PlanFacts, says: readonly string[]): Plan {
  const { target } = facts;
  const apps = servicesOf(target, "app");
  const up = block.bringUp(facts, target, apps);
  const switched = block.switchAll(target, routedOf(target));
  const adopt = handOver("adopt", "stack.adopt", `let ${name(target)} behind our edges take over`, target.id);
  const undo = [
    ...block.undoing([adopt], [handOver("leave", "stack.leave", "give names and ports back", target.id)]),
    ...switched.flatMap((one, at) =>
      block.undoing([one], [block.switchTo(null, routedOf(target)[at] ?? "")]),
    ),
    ...apps.flatMap((service) =>
      block.undoing(
        up.filter((step) => step.key === `start-${service}`),
        [block.stop(target, service)],
      ),
    ),
  ];
  return {
    ...about(facts, says),
    kind: "adopt",
    steps: [block.prepare(facts), ...up, ...switched, adopt, ...block.verify(target)],
    undo,
  };
}

/**
 * The user's own containers serve again; then what was ours ends, also `warm` releases that nobody will go back to.
 * Workers of ours end before: their own start with the rest, and must not do the same work twice.
 */
export function planLeave(facts: PlanFacts, warm: readonly Release[], says: readonly string[]): Plan {
  const { target } = facts;
  const leave = handOver(
    "leave",
    "stack.leave",
    `give ${name(target)} back to its own compose file`,
    target.id,
  );
  const keep = { onFailure: "pause" as const };
  const stop = (release: Release, service: string) => {
    const step = block.stop(release, service, keep);
    return release.id === target.id ? step : { ...step, key: `${step.key}-of-${release.id}` };
  };
  const workers = servicesOf(target, "worker").map((service) => stop(target, service));
  const apps = servicesOf(target, "app").map((service) => stop(target, service));
  const others = warm.flatMap((release) => servicesOf(release).map((service) => stop(release, service)));
  return {
    ...about(facts, says),
    kind: "leave",
    steps: [...workers, { ...leave, ...keep }, ...apps, ...others],
    undo: [],
  };
}

function handOver(key: string, kind: string, title: string, release: string): PlanStep {
  return { key, kind, title, input: { release }, safePointAfter: true, onFailure: "turn" };
}

/** Ports may be without an owner for a moment: no promise about downtime. */
function about({ app, env, target, why }: PlanFacts, says: readonly string[]) {
  return { app, env, target: target.id, from: null, why, promisesNoDowntime: false, notes: [...says] };
}
