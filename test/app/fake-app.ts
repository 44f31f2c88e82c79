// An app in the simulated world: real use cases, engine and journal code; simulated target, time and signals.

import type { App, Settings, Site } from "../../src/app/app.ts";
import type { FlagDesk } from "../../src/app/flag-desk.ts";
import type { Observation } from "../../src/core/detect/finding.ts";
import { ok } from "../../src/core/result.ts";
import { openLedger } from "../../src/engine/ledger.ts";
import type { Notifier } from "../../src/ports/notifier.ts";
import type { Parts } from "../../src/ports/parts.ts";
import type { Signals } from "../../src/ports/signals.ts";
import { stepKind } from "../../src/steps/registry.ts";
import { memoryJournal, newMemoryStore } from "../../src/testing/memory-journal.ts";
import type { Life } from "../../src/testing/sim/controller.ts";
import { calm } from "../../src/testing/sim/scenario.ts";
import { type SimClock, simClock } from "../../src/testing/sim/sim-clock.ts";
import { simRelease } from "../../src/testing/sim/stage.ts";
import { newTarget, serving, type Target, type Temper } from "../../src/testing/sim/target.ts";
import { simWorld } from "../../src/testing/sim/world.ts";

/** What users see of a release: the share of failing requests, of many clients or of one; or no word at all. */
export type Behaviour = { readonly failing: number; readonly clients?: number; readonly blind?: boolean };

export type FakeApp = {
  readonly app: App;
  readonly target: Target;
  readonly clock: SimClock;
  readonly store: ReturnType<typeof newMemoryStore>;
  /** How each version behaves towards users; good where nothing is said. */
  readonly behaviours: Map<string, Behaviour>;
  readonly sent: string[];
  settle<T>(promise: Promise<T>): Promise<T>;
  types(): readonly string[];
  serving(): string | null;
  close(): void;
};

/** Nothing can be seen or restarted here. */
const noParts: Parts = {
  list: async () => ok([]),
  logs: async () => ok({ lines: [], next: "" }),
  restart: async () => ok(undefined),
};

const env = "production";
const perSecond = 100;

export function fakeApp(change: Partial<Settings> = {}, tempers: Record<string, Temper> = {}): FakeApp {
  const target = newTarget();
  for (const version of ["v1", "v2", "v3"]) {
    const release = simRelease(version);
    target.sources.set(version, release);
    target.tempers.set(release.id, tempers[version] ?? "good");
  }
  const store = newMemoryStore();
  const clock = simClock(() => target.bootId);
  const ledger = openLedger(memoryJournal({ clock, store }));
  const behaviours = new Map<string, Behaviour>();
  const sent: string[] = [];
  const stopping = new AbortController();
  const world = { ...simWorld(target, life(), clock), database: null, flags: null };
  const notifier: Notifier = { name: "test", send: async ({ subject }) => ok(void sent.push(subject)) };
  const site: Site = {
    settings: { ...settings, ...change },
    world,
    signals: (release) => [users(target, clock, behaviours), probes(target, clock, release.id)],
    ensure: async () => ok(undefined),
    end: async () => ok(undefined),
    notifiers: [notifier],
    certificates: [],
    backups: null,
  };
  const holder = { pid: 1, startTime: "1", bootId: "boot-1", who: "test" };
  const fresh = counter();
  const app: App = {
    deps: { ledger, clock, holder, world: () => world, stepKind },
    ids: { fresh },
    config: "as-read",
    sites: new Map([[env, site]]),
    watching: {
      live: new Map(),
      seen: new Map(),
      streams: new Map(),
      vigils: new Map(),
      sources: new Map(),
      following: new Map(),
    },
    flags: noFlagDesk,
    care: () => ({ parts: noParts, glass: null }),
    stopping: stopping.signal,
  };
  return {
    app,
    target,
    clock,
    store,
    behaviours,
    sent,
    settle: (promise) => clock.settle(promise),
    types: () => store.events.map((event) => event.type),
    serving: () => serving(target)?.split("-")[0] ?? null,
    close: () => stopping.abort(),
  };
}

const noFlagDesk: FlagDesk = {
  env: () => null,
  envs: () => [],
  secret: () => "",
  startedWith: async () => null,
  sources: async () => [],
  setLive: async () => ok(undefined),
  look: async () => undefined,
  beat: () => undefined,
  close: () => undefined,
};

const settings: Settings = {
  app: "shop",
  env,
  publicUrl: "http://127.0.0.1:8080",
  strategy: "side-by-side",
  smoke: [],
  tasks: [],
  drainMs: 1_000,
  watch: { forMs: 60_000, checkMs: 1_000, tolerate: 0.01, waitForVerdict: true },
  policy: { release: "auto", database: "ask" },
  keepReleases: 5,
};

/** A steady stream of requests, answered by whoever serves, by the simulated clock. */
function users(target: Target, clock: SimClock, behaviours: Map<string, Behaviour>): Signals {
  let until = clock.now();
  let count = 0;
  return {
    name: "access",
    about: "requests",
    position: async () => ok(clock.now()),
    async observe() {
      const release = serving(target);
      const {
        failing,
        clients = 500,
        blind,
      } = behaviours.get(release?.split("-")[0] ?? "") ?? { failing: 0 };
      const observations: Observation[] = [];
      for (; release !== null && until + 1_000 / perSecond <= clock.now(); until += 1_000 / perSecond) {
        count += 1;
        const bad = failing > 0 && count % Math.round(1 / failing) === 0;
        const client = `client-${bad ? Math.floor(count * failing) % clients : count % 50}`;
        observations.push({
          at: until,
          release,
          ok: !bad,
          client,
          route: "/",
          status: bad ? 500 : 200,
          ms: 5,
        });
      }
      const silent = blind === true;
      return ok({
        observations: silent ? [] : observations,
        next: clock.now(),
        unparsed: 0,
        blind: silent ? "the log is gone" : null,
      });
    },
  };
}

/** One health probe a second: good while an instance of the release lives. */
function probes(target: Target, clock: SimClock, release: string): Signals {
  let dueMs = clock.elapsed();
  return {
    name: "probe",
    about: "probes",
    position: async () => ok(null),
    async observe() {
      const due = clock.elapsed() >= dueMs;
      if (due) dueMs += 1_000;
      const alive = target.instances.some((one) => one.release === release && one.alive);
      const seen = {
        at: clock.now(),
        release,
        ok: alive,
        client: "probe",
        route: "/health",
        status: 200,
        ms: 1,
      };
      return ok({ observations: due ? [seen] : [], next: null, unparsed: 0, blind: null });
    },
  };
}

function life(): Life {
  const counts = { points: 0, effects: 0, alive: true, trace: [], violations: [] };
  return {
    ...counts,
    perils: calm,
    intended: () => true,
    onChange: () => undefined,
    freeze: async () => undefined,
    cancel: () => undefined,
  };
}

function counter(): (prefix: string) => string {
  let count = 0;
  return (prefix) => `${prefix}-${++count}`;
}
