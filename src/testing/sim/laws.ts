// The laws of design §12, checked at every change and at the end of every scenario.

import { verifyChain } from "../../core/chain.ts";
import type { RunState } from "../../core/run.ts";
import type { State } from "../../core/state.ts";
import type { MemoryStore } from "../memory-journal.ts";
import type { Life } from "./controller.ts";
import { type Stage, simWorker } from "./stage.ts";
import { allAnswered, anyHeld, serving } from "./target.ts";

/** Laws that hold at every moment. */
export function watchLaws({ target, plan }: Stage, life: Life): void {
  const now = serving(target);
  const { reboots } = life.perils;
  if (plan.promisesNoDowntime && !allAnswered(target) && !reboots)
    life.violations.push("4: no complete release serves");
  if (liveWorkers(target).length > 1) life.violations.push("a worker runs twice");
  const back = plan.kind === "rollback" || plan.kind === "restore";
  const foreign = Object.values(life.perils.faults).includes("foreign");
  if (back && !foreign && now === plan.target) life.trace.push("last good serves");
  if (
    back &&
    !foreign &&
    plan.kind === "rollback" &&
    now === plan.from &&
    life.trace.includes("last good serves")
  ) {
    life.violations.push("10: the quarantined release serves again");
  }
}

function liveWorkers({ instances }: Stage["target"]) {
  return instances.filter((one) => one.alive && one.service === simWorker);
}

export type End = {
  readonly run: RunState | undefined;
  readonly state: State;
  readonly store: MemoryStore;
  readonly life: Life;
};

/** Laws that hold once everything has come to rest. */
export function judgement(stage: Stage, end: End): readonly string[] {
  const { state, store } = end;
  return [
    ...atRest(stage, end),
    ...nothingLost(stage, end),
    ...foreignHandTold(stage, end),
    ...onceOnly(stage),
    ...noChildren(stage),
    ...lockSane(stage, state),
    ...journalWhole(store),
  ];
}

/** 1 and 11: all-new, all-old, or paused while serving; what is reported is what is. */
function atRest(stage: Stage, { run, life }: End): readonly string[] {
  const { target, plan } = stage;
  if (!run) return target.mutations === 0 ? [] : ["1: effects of a run that nobody knows"];
  const now = serving(target);
  const expected = plan.target;
  // Everything was off, and the machine could not start it again: nothing is left to serve.
  if (now === null && life.perils.reboots && brokenByHand(life) && run.status === "ended") return [];
  if (run.status === "ended" && run.outcome === "done") {
    if (plan.kind === "flag-off" && target.flags.get("new-checkout")?.on !== false)
      return ["11: reported off, but the flag is on"];
    if (plan.kind === "retire")
      return new Set(target.instances.filter((one) => one.alive).map((one) => one.release)).size === 1
        ? []
        : ["11: retired releases still run"];
    if (workerOf(stage, now)) return [`11: reported done, but the worker is not that of ${now}`];
    return now === expected && !anyHeld(target) ? [] : [`11: reported done, but ${now ?? "nobody"} serves`];
  }
  if (run.status === "ended" && run.outcome === "undone") {
    if (plan.kind === "flag-off" && target.flags.get("new-checkout")?.on === false) {
      return ["1: taken back, but the flag is still off"];
    }
    // A revival has nothing to go back to, a retirement nothing to take back.
    if (plan.kind === "revive" || plan.kind === "retire") return [];
    const from = plan.from;
    const beside = target.instances.filter(
      (one) => one.alive && one.release === expected && expected !== from,
    );
    if (workerOf(stage, from)) return [`1: taken back, but the worker is not that of ${from}`];
    if (now !== from || anyHeld(target)) return [`1: taken back, but ${now ?? "nobody"} serves`];
    return beside.length > 0 && !startedWarm(stageWarm(target))
      ? ["1: taken back, but the new release still runs"]
      : [];
  }
  if (run.status === "ended") return target.mutations === 0 ? [] : ["1: abandoned after effects"];
  if (run.status === "paused" && life.perils.reboots) return [];
  if (run.status !== "paused") return [`1: the run is ${run.status}`];
  if (now !== null && !anyHeld(target)) return [];
  return brokenByHand(life)
    ? []
    : [`1: paused while ${now ?? "nobody"} serves${anyHeld(target) ? ", held" : ""}`];
}

/** True where the release has a worker and that one does not run, or another one does. */
function workerOf({ target, several }: Stage, release: string | null): boolean {
  if (!several || release === null) return false;
  const [worker] = liveWorkers(target);
  return worker?.release !== release;
}

function stageWarm(target: Stage["target"]): readonly string[] {
  return target.instances.filter((one) => one.op === "op-setup").map((one) => one.release);
}

function startedWarm(warm: readonly string[]): boolean {
  return warm.length > 1;
}

/** Where a foreign hand or a full disk met a plan that had to stop what served, a person is needed. */
function brokenByHand(life: Life): boolean {
  const faults = Object.values(life.perils.faults);
  return faults.includes("foreign") || faults.includes("disk-full");
}

/** 3: each acknowledged row is in the database, or, where a restore was wanted and made, in a copy that can be returned. */
function nothingLost({ target, plan }: Stage, { run }: End): readonly string[] {
  const kept =
    plan.kind === "restore" && run?.outcome !== "undone"
      ? target.backups.flatMap((one) => [...one.rows])
      : [];
  const there = new Set([...target.rows, ...kept]);
  const lost = [...target.acknowledged].filter((row) => !there.has(row));
  return lost.length === 0 ? [] : [`3: acknowledged rows are lost: ${lost.join(", ")}`];
}

/** 12: where somebody else took our change back, a person hears of it: it is never called done, nor done again. */
function foreignHandTold({ target }: Stage, { run, life }: End): readonly string[] {
  if (!target.overridden || life.perils.reboots) return [];
  const told = run?.status === "paused" || run?.why?.code === "needs-person";
  return told ? [] : ["12: a foreign hand changed the route, and nobody was told"];
}

function onceOnly({ target }: Stage): readonly string[] {
  return [...target.onceEffects]
    .filter(([, count]) => count > 1)
    .map(([op, count]) => `2: a once-effect of ${op} happened ${count} times`);
}

function noChildren({ target }: Stage): readonly string[] {
  return target.children.size === 0
    ? []
    : [`6: children are left: ${[...target.children.keys()].join(", ")}`];
}

function lockSane({ plan }: Stage, state: State): readonly string[] {
  const held = state.envs[plan.env]?.run;
  if (!held) return [];
  return state.runs[held]?.status === "paused"
    ? []
    : [`9: the lock is held by ${held}, which is ${state.runs[held]?.status}`];
}

/** 5: the chain is whole and the order legal: verified only after intended. */
function journalWhole(store: MemoryStore): readonly string[] {
  const wrong = verifyChain(store.events);
  const violations = wrong ? [`5: the chain breaks at ${wrong}`] : [];
  const intended = new Set<string>();
  for (const event of store.events) {
    if (event.type === "step.intended") intended.add(`${event.data.direction}|${event.data.key}`);
    if (event.type !== "step.verified" || isRead(event.data.kind)) continue;
    if (!intended.has(`${event.data.direction}|${event.data.key}`))
      violations.push(`5: ${event.data.key} verified but never intended`);
  }
  return violations;
}

const readKinds = [
  "release.prepare",
  "release.verify",
  "database.prepare",
  "instance.health",
  "smoke.run",
  "traffic.drain",
];

function isRead(kind: string): boolean {
  return readKinds.includes(kind);
}
