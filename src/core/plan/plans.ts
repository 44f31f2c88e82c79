// The plan kinds. Pure: facts in, plan out.
import { type Release, routedOf, servicesOf } from "../release.ts";
import { assert } from "../result.ts";
import * as block from "./blocks.ts";
import { exchangeWorkers, takeOverRoutes } from "./exchange.ts";
import { name, type PlanFacts } from "./facts.ts";
import { planRollOut } from "./in-place.ts";
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
 * The new release starts beside the old one; one switch a service; the old one stays warm. Nothing is drained yet:
 * requests in flight end on the old release while the new one is watched already; draining comes before stopping.
 * Workers change hands before the switch: one that dies at boot must not be found out afterwards.
 */
export function planDeploy(facts: PlanFacts): Plan {
  if (facts.style === "in-place") return planRollOut("deploy", facts);
  const { target, from } = facts;
  const apps = servicesOf(target, "app");
  const started = apps.map((service) => block.start(facts, target, service));
  const workers = exchangeWorkers(facts);
  const routes = takeOverRoutes(facts);
  const copying = copyWhileHeld(facts);
  const steps = [
    block.prepare(facts),
    ...copying.steps,
    ...(facts.hasDatabase ? [block.backUp(facts, true)] : []),
    ...block.snapshots(facts),
    ...block.tasks(facts),
    ...started,
    ...apps.map((service) => block.health(target, service)),
    ...block.smoke(facts, target),
    ...block.flowsBefore(facts),
    ...workers.steps,
    ...routes.steps,
    ...block.verify(target),
    ...block.flowsAfter(facts, "switch"),
  ];
  const undo = [
    ...copying.undo,
    // It ran all the time, so starting it does nothing, unless it died meanwhile or the machine was off.
    ...(from ? block.undoing(routes.steps, block.ending("from", bringUpApps(facts, from))) : []),
    ...routes.undo,
    ...workers.undo,
    ...stopCold(facts, started),
    ...(from ? block.undoing(routes.steps, block.verify(from)) : []),
  ];
  return assemble("deploy", facts, true, { steps, undo, notes: copying.notes });
}

/** Before anything else is touched: requests wait for the copy alone, and go on while the dump is made of it. */
function copyWhileHeld({ from, copy, ...facts }: PlanFacts): Required<Shape> {
  if (!from || !copy) return { steps: [], undo: [], notes: [] };
  const routes = routedOf(from);
  const hold = block.hold(from, routes);
  const quiet = { ...facts, from, drainMs: Math.min(facts.drainMs, copy.quietMs) };
  const steps = [
    ...hold,
    ...routes.map((service) => block.drain(quiet, from, service, { safe: false })),
    block.copyDatabase(),
    ...block.ending("copied", block.letGo(from, routes)),
  ];
  const undo = block.undoing(hold, block.ending("copied", block.letGo(from, routes)));
  return {
    steps,
    undo,
    notes: ["Requests wait while the database is copied; idle sessions in it are ended."],
  };
}

/** What was warm before was not started by this run. */
function stopCold({ target, warm }: PlanFacts, started: readonly PlanStep[]): readonly UndoStep[] {
  const cold = servicesOf(target, "app").filter((service) => !warm.includes(service));
  return cold.flatMap((service) =>
    block.undoing(
      started.filter((step) => step.key === `start-${service}`),
      [block.stop(target, service)],
    ),
  );
}

function bringUpApps(facts: PlanFacts, release: Release): readonly PlanStep[] {
  return block.bringUp(facts, release, servicesOf(release, "app"));
}

/** The old release is stopped first: for apps, or schema changes, that cannot run twice. Requests wait. */
export function planPausedDeploy(facts: PlanFacts): Plan {
  const { target, from } = facts;
  assert(from, "a paused deploy needs something to pause");
  const held = { safe: false };
  const database = facts.hasDatabase;
  const backup = database ? [block.backUp(facts, false)] : [];
  const copy = database && facts.copy ? [block.copyDatabase()] : [];
  const shape = throughPause(facts, from, {
    between: [...copy, ...backup, ...block.snapshots(facts, held), ...block.tasks(facts, held)],
    undoBetween: database ? block.undoing(backup, [block.returnDatabase()]) : [],
    // A restore point is only whole where nobody writes: it is taken after the old release has stopped.
    alsoStop: [],
    moment: "switch",
    workersAfter: false,
  });
  const notes = [`${name(from)} is stopped before ${name(target)} starts: requests wait meanwhile.`];
  return assemble("deploy-paused", facts, false, { ...shape, notes });
}

/**
 * Code and data go back together; what was there is kept and can be returned. `store`: it is a snapshot of one beside
 * the database.
 */
export function planRestore(facts: PlanFacts, backup: string, store: string | null = null): Plan {
  const { target, from } = facts;
  assert(from, "a restore needs something that serves");
  const restore = block.restore(backup, store);
  const both = from.id === target.id ? [] : facts.warm;
  const shape = throughPause(facts, from, {
    between: [restore],
    undoBetween: block.undoing([restore], [block.unrestore(store)]),
    first: [block.prepareDatabase(backup, store)],
    alsoStop: block.ending(
      "target",
      both.map((service) => block.stop(target, service, { safe: false })),
    ),
    moment: "rollback",
    workersAfter: true,
  });
  const what = store ?? "the database";
  const notes = [`Requests wait while ${what} is exchanged. What is there now is kept and can be returned.`];
  return assemble("restore", facts, false, { ...shape, notes });
}

type Pause = {
  /** Before anything waits. */
  readonly first?: readonly PlanStep[];
  /** What is done while nothing runs. */
  readonly between: readonly PlanStep[];
  readonly undoBetween: readonly UndoStep[];
  readonly alsoStop: readonly PlanStep[];
  readonly moment: "switch" | "rollback";
  /** They start when requests flow again: nobody waits for them. Not for a release whose workers are new. */
  readonly workersAfter: boolean;
};

/** Hold, let requests finish, stop all; do what needs stillness; start all, switch, let go. */
function throughPause(facts: PlanFacts, from: Release, pause: Pause): Omit<Shape, "notes"> {
  const { target } = facts;
  const held = { safe: false };
  const ask = { onFailure: "pause" as const };
  const routes = routesOf(target, from);
  const hold = block.hold(target, routes);
  const stopped = (which: readonly string[]) => which.map((service) => block.stop(from, service, held));
  const [apps, workers] = [servicesOf(from, "app"), servicesOf(from, "worker")];
  const [stopApps, stopWorkers] = [stopped(apps), stopped(workers)];
  const early = pause.workersAfter ? servicesOf(target, "app") : servicesOf(target);
  const up = block.bringUp(facts, target, early, held);
  const late = servicesOf(target).filter((service) => !early.includes(service));
  const upLate = block.bringUp(facts, target, late, ask);
  const started = [...up, ...upLate].filter((one) => one.kind === "instance.start");
  const switched = block.switchAll(target, routes, { ...held, held: true });
  const flowing = { ...ask, safe: late.length === 0 };
  const steps = [
    block.prepare(facts),
    ...(pause.moment === "switch" ? block.flowsBefore(facts) : []),
    ...(pause.first ?? []),
    ...hold,
    ...routedOf(from).map((service) => block.drain(facts, from, service, held)),
    ...stopApps,
    // After the apps: what these left in a queue belongs to the data of now.
    ...stopWorkers,
    ...pause.alsoStop,
    ...pause.between,
    ...up,
    ...block.smoke(facts, target, held),
    ...switched,
    ...block.letGo(target, routes, flowing),
    // Once requests flowed, the kept database is older than what people were told: going back is theirs to say.
    ...block.verify(target, flowing),
    ...upLate,
    ...block.flowsAfter(facts, pause.moment, ask),
  ];
  const stopStarted = block.ending(
    "started",
    servicesOf(target).map((service) => block.stop(target, service)),
  );
  const back = (which: readonly string[]) => block.ending("from", block.bringUp(facts, from, which));
  const undo = [
    ...block.undoing(started, stopStarted),
    ...pause.undoBetween,
    ...block.undoing(stopApps, back(apps)),
    ...block.undoing([...stopApps, ...switched], block.switchAll(from, routes)),
    ...block.undoing(hold, block.letGo(from, routes)),
    ...block.undoing(stopWorkers, back(workers)),
    ...block.undoing(hold, block.verify(from)),
  ];
  return { steps, undo };
}

/** All that either of them answers, in the order of the one that takes over. */
function routesOf(target: Release, from: Release | null): readonly string[] {
  return [...new Set([...routedOf(target), ...routedOf(from)])];
}

/**
 * The deploy pipeline with an earlier target. Never undone by itself past its switch: then a person is asked.
 * A warm target was started, and passed its smoke checks, when it went out: here milliseconds count, and its health is
 * asked all the same. Should it have died meanwhile, the plan fails before anything was changed, and a cold one follows.
 * Workers come after the switch for the same reason.
 */
export function planRollback(facts: PlanFacts): Plan {
  if (facts.style === "in-place") return planRollOut("rollback", facts);
  const { target } = facts;
  const keep = { onFailure: "pause" as const };
  const apps = servicesOf(target, "app");
  const cold = apps.filter((service) => !facts.warm.includes(service));
  const started = cold.map((service) => block.start(facts, target, service));
  const steps = [
    block.prepare(facts),
    ...started,
    ...apps.map((service) => block.health(target, service)),
    ...(cold.length > 0 ? block.smoke(facts, target) : []),
    ...takeOverRoutes(facts, keep).steps.toReversed().map(inTheirNewOrder),
    ...block.verify(target, keep),
    ...exchangeWorkers(facts, keep).steps,
    ...block.flowsAfter(facts, "rollback", keep),
  ];
  const undo = stopCold(facts, started);
  const notes = [
    cold.length === 0
      ? `${name(target)} still runs: going back is one switch.`
      : `${name(target)} is started first.`,
  ];
  return assemble("rollback", facts, true, { steps, undo, notes });
}

/** Reversed, it is the new last switch after which production is whole. */
function inTheirNewOrder(step: PlanStep, at: number, all: readonly PlanStep[]): PlanStep {
  return { ...step, safePointAfter: at === all.length - 1 };
}

/** After the watch: requests on the release that was left end, it is stopped, files beyond the kept ones are dropped. */
export function planRetire(facts: PlanFacts, left: readonly Release[], forgotten: readonly string[]): Plan {
  const stops = left.flatMap((release) =>
    block.ending(
      release.id,
      servicesOf(release).flatMap((service) => [
        ...(release.services[service]?.routed ? [block.drain(facts, release, service)] : []),
        block.stop(release, service),
      ]),
    ),
  );
  return assemble("retire", facts, true, { steps: [...stops, ...forgotten.map(block.forget)], undo: [] });
}

/** What served is gone (crash, reboot): start it again and point the routes at it. */
export function planRevive(facts: PlanFacts): Plan {
  const { target } = facts;
  const steps = [
    block.prepare(facts),
    ...block.bringUp(facts, target, servicesOf(target)),
    ...block.switchAll(target, routedOf(target)),
    ...block.verify(target),
  ];
  return assemble("revive", { ...facts, from: null }, false, { steps, undo: [] });
}

/** The cheapest remedy: a switch inside the app. No release is touched. */
export function planFlagOff(facts: PlanFacts, flag: string): Plan {
  const off = block.setFlag(flag, false);
  const undo = block.undoing([off], [block.setFlag(flag, true)]);
  return assemble("flag-off", facts, true, { steps: [off, ...block.verify(facts.target)], undo });
}
