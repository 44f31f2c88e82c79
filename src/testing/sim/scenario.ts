// One scenario: a plan, its perils, as many lives of a controller as it takes, and the judgement afterwards.
import type { Holder, NewEvent } from "../../core/event.ts";
import { planRevive } from "../../core/plan/plans.ts";
import { foldRun, type RunState, runOf } from "../../core/run.ts";
import type { EngineDeps } from "../../engine/deps.ts";
import { type Ledger, openLedger } from "../../engine/ledger.ts";
import { recover } from "../../engine/recover.ts";
import { advance } from "../../engine/run.ts";
import { stepKind } from "../../steps/registry.ts";
import { type MemoryStore, memoryJournal, newMemoryStore } from "../memory-journal.ts";
import { Crash, type Life, type Perils, point, reborn } from "./controller.ts";
import { judgement, watchLaws } from "./laws.ts";
import { type SimClock, simClock } from "./sim-clock.ts";
import { type Scene, type Stage, setUp } from "./stage.ts";
import { picture, reboot, serving } from "./target.ts";
import { simWorld } from "./world.ts";

export type Scenario = { readonly scene: Scene; readonly perils: Perils };

export type Report = {
  readonly violations: readonly string[];
  /** Crash points and effects that were passed: what an explorer can put perils at. */
  readonly points: number;
  readonly effects: number;
  readonly outcome: string;
  readonly trace: readonly string[];
};

const mostLives = 8;
const run = "run-1";
const revival = "run-2";
export const calm: Perils = { crashAt: [], faults: {}, reboots: false };

type Play = {
  readonly stage: Stage;
  readonly store: MemoryStore;
  readonly clock: SimClock;
  readonly perils: Perils;
  /** A frozen controller: how to let it go on, and what it was doing. */
  readonly zombies: { thaw(): void; readonly doing: Promise<unknown> }[];
};

export async function play({ scene, perils }: Scenario): Promise<Report> {
  const stage = setUp(scene);
  const store = newMemoryStore();
  const clock = simClock(() => stage.target.bootId);
  const it: Play = { stage, store, clock, perils, zombies: [] };
  let life = firstLife(it);
  await live(it, life, async (deps) => {
    deps.ledger.record(stage.history);
  });
  life = { ...reborn(life), perils };
  life = await liveOn(it, life);
  for (const late of stage.target.underway.splice(0)) late();
  await thawZombie(it);
  life.violations.push(...(await secondRecovery(it, life)));
  const ledger = openLedger(memoryJournal({ clock, store }));
  const end = foldOne(store);
  life.violations.push(...judgement(stage, { run: end, state: ledger.state(), store, life }));
  return {
    violations: life.violations,
    points: life.points,
    effects: life.effects,
    outcome: end?.outcome ?? end?.status ?? "none",
    trace: life.trace,
  };
}

/** The run of the scenario, from its own events: the state keeps an ended run only until the next one. */
function foldOne(store: MemoryStore): RunState | undefined {
  let state: RunState | undefined;
  for (const event of store.events) if (runOf(event) === run) state = foldRun(state, event);
  return state;
}

/** Live, die, live again, until a life ends by itself. */
async function liveOn(it: Play, first: Life): Promise<Life> {
  let life = first;
  for (let lives = 1; lives <= mostLives; lives++) {
    const ended = await live(it, life, async (deps) => {
      if (foldOne(it.store) === undefined) begin(deps, it.stage);
      await (lives === 1 ? advance(deps, run) : recover(deps));
      if (it.perils.reboots) await reviveServing(deps, it.stage);
    });
    if (ended) return life;
    if (it.perils.reboots) reboot(it.stage.target, `boot-${lives + 1}`);
    life = { ...reborn(life), perils: { ...it.perils, zombieAt: 0 } };
  }
  life.violations.push(`still crashing after ${mostLives} lives`);
  return life;
}

/** Recovery is idempotent: doing it again changes neither the target nor the facts. */
async function secondRecovery(it: Play, former: Life): Promise<readonly string[]> {
  const before = picture(it.stage.target);
  let extra = 0;
  const again = { ...reborn(former), perils: calm };
  await live(it, again, async (deps) => {
    const head = deps.ledger.state().seq;
    await recover(deps);
    extra = deps.ledger.state().seq - head;
  });
  const same = picture(it.stage.target) === before && extra === 0;
  return same
    ? []
    : [`a second recovery changed something: ${extra} facts, ${before} to ${picture(it.stage.target)}`];
}

/** True when the life came to its end, false when it crashed. */
async function live(it: Play, life: Life, act: (deps: EngineDeps) => Promise<void>): Promise<boolean> {
  try {
    const journal = memoryJournal({
      clock: it.clock,
      store: it.store,
      onAppend: (phase, events) =>
        point(life, `${phase} append of ${events.map((event) => event.type).join(", ")}`),
    });
    const deps = depsOf(it, life, openLedger(journal));
    return await it.clock.settle(liveOrFreeze(it, life, () => act(deps)));
  } catch (error) {
    if (error instanceof Crash) return false;
    throw error;
  }
}

/** False when the life froze: for everybody else it is as good as dead, until it goes on. */
function liveOrFreeze(it: Play, life: Life, act: () => Promise<void>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    life.freeze = () =>
      new Promise((thaw) => {
        it.zombies.push({ thaw, doing });
        life.trace.push("FROZEN");
        resolve(false);
      });
    const doing = act().then(() => resolve(true), reject);
  });
}

/** The frozen controller goes on. Whatever it still does must not hurt; its journal is closed to it. */
async function thawZombie(it: Play): Promise<void> {
  for (const zombie of it.zombies.splice(0)) {
    zombie.thaw();
    await it.clock.settle(zombie.doing);
  }
}

function depsOf(it: Play, life: Life, ledger: Ledger): EngineDeps {
  const world = simWorld(it.stage.target, life, it.clock);
  life.intended = (op) =>
    Object.values(ledger.state().runs).some((one) => intends(one.do, op) || intends(one.undo, op));
  life.onChange = () => watchLaws(it.stage, life);
  life.cancel = () => {
    // Nobody cancels what is over.
    if (ledger.state().runs[run]?.status !== "open") return;
    life.trace.push("CANCEL");
    ledger.record([{ type: "run.cancel-requested", data: { run, by: "simulation" } }]);
  };
  return { ledger, clock: it.clock, holder: holder(it), world: () => world, stepKind };
}

function intends(
  steps: Readonly<Record<string, { readonly op: string; readonly status: string }>>,
  op: string,
): boolean {
  return Object.values(steps).some((step) => step.op === op && step.status === "intended");
}

/** What `lastgood serve` does on its beat: after a reboot, what served is started again. */
async function reviveServing(deps: EngineDeps, stage: Stage): Promise<void> {
  const { target, plan } = stage;
  const env = deps.ledger.state().envs[plan.env];
  const release = env?.serving == null ? stage.from : env.releases[env.serving]?.release;
  if (!release || env?.run || serving(target) !== null) return;
  begin(deps, { ...stage, plan: planRevive({ ...stage.facts, target: release }) }, revival);
  await advance(deps, revival);
}

function begin(deps: EngineDeps, stage: Stage, id = run): void {
  const events: NewEvent[] = [
    { type: "run.planned", data: { run: id, plan: stage.plan, hash: "simulated", by: "simulation" } },
    { type: "run.started", data: { run: id, holder: deps.holder } },
  ];
  deps.ledger.record(events);
}

function holder(it: Play): Holder {
  return { pid: 1, startTime: "1", bootId: it.stage.target.bootId, who: "simulation" };
}

function firstLife(it: Play): Life {
  const fresh = { perils: calm, points: 0, effects: 0, alive: true, trace: [], violations: [] };
  return {
    ...fresh,
    intended: () => true,
    freeze: async () => undefined,
    cancel: () => undefined,
    onChange: () => watchLaws(it.stage, { violations: [] } as unknown as Life),
  };
}
