// The simulated target: what outlives every controller. Plain data and the laws of that world.
import type { Release } from "../../core/release.ts";
import type { Backup } from "../../ports/database.ts";
import type { FlagState } from "../../ports/flags.ts";
import type { RouteState } from "../../ports/traffic.ts";

/** How a release behaves once started. */
export type Temper = "good" | "crashes" | "unhealthy";

export type SimInstance = {
  readonly id: string;
  readonly service: string;
  readonly release: string;
  readonly op: string;
  alive: boolean;
};

/** One service on a platform of its own: what it was told to run, and what answers. */
export type SimRollout = {
  readonly generation: number;
  readonly release: string;
  readonly op: string | null;
  readonly serves: string;
  /** The newest release did not come up; the copies of the one before stay. */
  readonly gaveUp: boolean;
};

export type Target = {
  /** What could be captured, by version. */
  readonly sources: Map<string, Release>;
  /** The release store, by release id. */
  readonly releases: Map<string, Release>;
  readonly tempers: Map<string, Temper>;
  readonly instances: SimInstance[];
  /** The edge in front of each routed service, by its name. */
  readonly routes: Map<string, RouteState>;
  /** Services that the platform replaces by itself; empty where releases start beside each other. */
  readonly rollouts: Map<string, SimRollout>;
  /** Highest epoch that acted on instances or the database. */
  epoch: number;
  /** Rows that the live database holds; writing is what the serving release does. */
  rows: Set<string>;
  marker: string | null;
  /** Ops whose restore happened, oldest first: what the database itself remembers. */
  readonly marks: string[];
  readonly backups: { readonly backup: Backup; readonly rows: ReadonlySet<string> }[];
  flags: Map<string, FlagState>;
  /** Processes of unfinished steps, by op. */
  readonly children: Map<string, number>;
  readonly acknowledged: Set<string>;
  /** How often the visible act of a once-effect happened, by op. */
  readonly onceEffects: Map<string, number>;
  /** Effects that a daemon will still carry out, in this order, whatever happens to its caller. */
  readonly underway: (() => void)[];
  bootId: string;
  diskFull: boolean;
  /** Somebody else took back what a step of ours had just set on the route. */
  overridden: boolean;
  mutations: number;
};

export function newTarget(): Target {
  return {
    sources: new Map(),
    releases: new Map(),
    tempers: new Map(),
    instances: [],
    routes: new Map(),
    rollouts: new Map(),
    epoch: 0,
    rows: new Set(),
    marker: null,
    marks: [],
    backups: [],
    flags: new Map(),
    children: new Map(),
    acknowledged: new Set(),
    onceEffects: new Map(),
    underway: [],
    bootId: "boot-1",
    diskFull: false,
    overridden: false,
    mutations: 0,
  };
}

const untouched: RouteState = { generation: 1, op: null, backend: null, held: false, epoch: 0 };

export function routeOf(target: Target, service: string): RouteState {
  return target.routes.get(service) ?? untouched;
}

/** The release that answers one service now; null when nobody does (held requests wait: they are not lost). */
function answering(target: Target, { backend }: RouteState): string | null {
  const instance = target.instances.find((one) => one.id === backend?.instance);
  return instance?.alive && target.tempers.get(instance.release) === "good" ? instance.release : null;
}

/** The release that answers the public now, in all its services; null when none does, or some here and some there. */
export function serving(target: Target): string | null {
  const answers = new Set(allAnswers(target));
  return answers.size === 1 ? ([...answers][0] ?? null) : null;
}

/** Each service is answered by some release: for the moment between the switches of several services. */
export function allAnswered(target: Target): boolean {
  return allAnswers(target).every((release) => release !== null);
}

function allAnswers(target: Target): readonly (string | null)[] {
  return [
    ...[...target.routes.values()].map((route) => answering(target, route)),
    ...[...target.rollouts.values()].map(({ serves }) =>
      target.tempers.get(serves) === "good" ? serves : null,
    ),
  ];
}

export function anyHeld(target: Target): boolean {
  return [...target.routes.values()].some((route) => route.held);
}

/** One write by a user, acknowledged when some service took it. */
export function userWrites(target: Target, row: string): void {
  const takes =
    target.rollouts.size > 0 ||
    [...target.routes.values()].some((route) => !route.held && answering(target, route) !== null);
  if (!takes) return;
  target.rows.add(row);
  target.acknowledged.add(row);
}

/** Power loss and return: processes are gone, files stay. The edge comes back with its stored route. */
export function reboot(target: Target, bootId: string): void {
  for (const instance of target.instances) instance.alive = false;
  target.children.clear();
  target.underway.length = 0;
  target.bootId = bootId;
}

/** Everything that a second recovery must leave alone, as text to compare. */
export function picture(target: Target): string {
  const alive = target.instances.filter((one) => one.alive).map((one) => one.id);
  const { rows, marker, routes, flags } = target;
  return JSON.stringify({
    alive,
    routes: [...routes],
    rollouts: [...target.rollouts],
    marker,
    rows: [...rows].sort(),
    flags: [...flags],
    backups: target.backups.map((one) => one.backup.id),
  });
}
