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

export type Target = {
  /** What could be captured, by version. */
  readonly sources: Map<string, Release>;
  /** The release store, by release id. */
  readonly releases: Map<string, Release>;
  readonly tempers: Map<string, Temper>;
  readonly instances: SimInstance[];
  route: RouteState;
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
    route: { generation: 1, op: null, backend: null, held: false, epoch: 0 },
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

/** The release that answers the public now; null when nobody does (held requests wait: they are not lost). */
export function serving(target: Target): string | null {
  const { backend } = target.route;
  if (!backend) return null;
  const instance = target.instances.find((one) => one.id === backend.instance);
  return instance?.alive && target.tempers.get(instance.release) === "good" ? instance.release : null;
}

/** One write by a user, acknowledged when somebody served it. */
export function userWrites(target: Target, row: string): void {
  if (target.route.held || serving(target) === null) return;
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
  const { rows, marker, route, flags } = target;
  return JSON.stringify({
    alive,
    route,
    marker,
    rows: [...rows].sort(),
    flags: [...flags],
    backups: target.backups.map((one) => one.backup.id),
  });
}
