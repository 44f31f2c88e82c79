// Code and schema go back together: no request is on the newer schema while it goes down, and none meets the older one in between.
import { type Release, routedOf, servicesOf } from "../release.ts";
import * as block from "./blocks.ts";
import { exchangeWorkers } from "./exchange.ts";
import { name, type PlanFacts } from "./facts.ts";
import type { Plan, PlanStep } from "./plan.ts";

/** Requests wait meanwhile, and edges let them wait for seconds only: a stream that stays open is not waited for. */
const heldDrainMs = 3_000;

/**
 * Where `down` loses nothing and is one transaction: workers stop, requests wait, those in flight end, the schema goes
 * down, the switch, and requests go on. What fails up to there is taken back: what served serves. From `down` on there
 * is no way but on: the code that was left does not fit the schema any more.
 */
export function planRollbackWithSchema(facts: PlanFacts, from: Release, down: PlanStep): Plan {
  const { target } = facts;
  const ask = { onFailure: "pause" as const };
  const held = { safe: false };
  const routes = [...new Set([...routedOf(target), ...routedOf(from)])];
  const apps = servicesOf(target, "app");
  const cold = apps.filter((service) => !facts.warm.includes(service));
  const started = cold.map((service) => block.start(facts, target, service));
  const workers = exchangeWorkers(facts);
  const stops = workers.steps.filter(({ kind }) => kind === "instance.stop");
  const starts = workers.steps.filter(({ kind }) => kind !== "instance.stop");
  const hold = block.hold(target, routes);
  const short = { ...facts, drainMs: Math.min(facts.drainMs, heldDrainMs) };
  const flowing = { ...ask, safe: starts.length === 0 };
  const steps = [
    block.prepare(facts),
    ...started,
    // No smoke checks: on the newer schema they may fail, and that is what is about to be mended.
    ...apps.map((service) => block.health(target, service)),
    ...stops,
    ...hold,
    ...routedOf(from).map((service) => block.drain(short, from, service, held)),
    { ...down, safePointAfter: false },
    ...block.switchAll(target, routes, { ...ask, ...held, held: true }),
    ...block.letGo(target, routes, flowing),
    ...block.verify(target, flowing),
    ...starts.map((step) => ({ ...step, ...ask })),
    ...block.flowsAfter(facts, "rollback", ask),
  ];
  const undo = [
    ...block.undoing(hold, block.letGo(from, routes)),
    ...workers.undo,
    ...cold.flatMap((service) =>
      block.undoing(
        started.filter((step) => step.key === `start-${service}`),
        [block.stop(target, service)],
      ),
    ),
    ...block.undoing(hold, block.verify(from)),
  ];
  const still =
    cold.length === 0
      ? `${name(target)} still runs.`
      : `${name(target)} is started first, on the newer schema.`;
  return {
    kind: "rollback",
    app: facts.app,
    env: facts.env,
    target: target.id,
    from: from.id,
    why: facts.why,
    promisesNoDowntime: false,
    notes: [still, "Requests wait while the schema goes down."],
    steps,
    undo,
  };
}
