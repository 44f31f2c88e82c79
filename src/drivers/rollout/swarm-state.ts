// What the swarm says of a service, as one answer. Pure: from the engine's own words to ours.
import type { RolloutState } from "../../ports/rollout.ts";
import type { SwarmNode, SwarmSpec, SwarmState, SwarmTask } from "../runtime/swarm/api.ts";
import { labels } from "../runtime/swarm/config.ts";
import { isLost, releaseOf } from "../runtime/swarm/instances.ts";

export type Look = {
  readonly service: SwarmState;
  readonly tasks: readonly SwarmTask[];
  readonly nodes: readonly SwarmNode[];
  /** The engine's clock when it answered, milliseconds since 1970. */
  readonly at: number;
};

const nanosecondsInMs = 1_000_000;
const monitorDefaultMs = 5_000;
/** So long the engine may take to begin with an order: until then it says nothing, as where nothing is to be done. */
const beginsMs = 3_000;
/** A copy that fails this often in one place will not come up. */
const loops = 2;
const errorsShown = 3;
const beginning = ["new", "allocated", "assigned", "accepted", "preparing", "ready", "starting"];
const over = ["failed", "rejected", "orphaned"];

export function rolloutState(look: Look): RolloutState {
  const { service } = look;
  const newest = markOf(service);
  const copies = copiesOf(look);
  const state = stateOf(look, copies);
  return {
    generation: generationOf(service),
    release: service.Spec.Labels?.[labels.release] ?? null,
    op: newest,
    state,
    running: copies.running.length,
    wanted: copies.wanted,
    what: whatOf(look, copies),
  };
}

/**
 * The op of the newest change, where that was ours. Somebody else's change leaves our labels in place, but then they
 * are the same as before it; and what the engine took back by hand is not what we said last.
 */
export function markOf({ Spec, PreviousSpec, UpdateStatus }: SwarmState): string | null {
  const op = Spec.Labels?.[labels.op] ?? null;
  if (op === null || orderOf(Spec.Labels) === orderOf(PreviousSpec?.Labels)) return null;
  return UpdateStatus?.State?.startsWith("rollback") ? null : op;
}

function orderOf(all: Readonly<Record<string, string>> | null | undefined): string {
  return `${all?.[labels.op]} ${all?.[labels.pushed]}`;
}

/**
 * The engine counts its own notes about an update as changes too, so a change of ours would be stale before it is
 * carried out. As long as the newest change is ours, it has the number after the one that it was compared with.
 */
export function generationOf(service: SwarmState): number {
  const ours = Number(service.Spec.Labels?.[labels.generation] ?? Number.NaN);
  return markOf(service) !== null && Number.isSafeInteger(ours) ? ours + 1 : service.Version.Index;
}

export function epochOf({ Spec }: SwarmState): number {
  const epoch = Number(Spec.Labels?.[labels.epoch] ?? Number.NaN);
  return Number.isSafeInteger(epoch) ? epoch : Number.NEGATIVE_INFINITY;
}

/**
 * Copies of the release that were to start on a node that was lost then. The engine places others, but its updater goes
 * on waiting for these, without end (seen with 20.10): it must be told again. How many there are; 0 where telling it again
 * would not help, or could cost a copy that waits for a place (moby/moby#53722).
 */
export function writtenOff({ service, tasks, nodes }: Look): number {
  if (service.UpdateStatus?.State !== "updating") return 0;
  const ours = tasks.filter((task) => sameRelease(service.Spec, task));
  if (ours.some((task) => task.Status.State === "pending" && task.DesiredState === "running")) return 0;
  return ours.filter((task) => beginning.includes(task.Status.State) && isLost(task, nodes)).length;
}

export function pushedOf({ Spec }: SwarmState): number {
  return Number(Spec.Labels?.[labels.pushed] ?? 0);
}

type Copies = {
  readonly wanted: number;
  /** Of what the service is told to run, on nodes that answer. */
  readonly running: readonly SwarmTask[];
  /** Of something else, and not told to end. */
  readonly old: readonly SwarmTask[];
  /** Of something else, told to end, but running still on a node that answers. */
  readonly ending: readonly SwarmTask[];
  /** Of what the service is told to run; newest first. */
  readonly failed: readonly SwarmTask[];
};

function copiesOf({ service, tasks, nodes }: Look): Copies {
  const isOf = (task: SwarmTask): boolean => sameRelease(service.Spec, task);
  const alive = tasks.filter((task) => task.DesiredState === "running");
  const replicated = service.Spec.Mode.Replicated;
  const places = new Set(alive.filter((task) => !isLost(task, nodes)).map((task) => task.NodeID));
  return {
    wanted: replicated ? (replicated.Replicas ?? 1) : Math.max(1, places.size),
    running: alive.filter((task) => isOf(task) && task.Status.State === "running" && !isLost(task, nodes)),
    old: alive.filter((task) => !isOf(task)),
    ending: tasks.filter((task) => !isOf(task) && isEnding(task) && !isLost(task, nodes)),
    failed: tasks
      .filter((task) => isOf(task) && over.includes(task.Status.State))
      .sort((a, b) => b.Status.Timestamp.localeCompare(a.Status.Timestamp)),
  };
}

function isEnding(task: SwarmTask): boolean {
  return task.DesiredState !== "running" && task.Status.State === "running";
}

/** The same image, and the same release where it is one of ours: an image alone may serve two releases. */
function sameRelease(spec: SwarmSpec, task: SwarmTask): boolean {
  const { ContainerSpec: wanted } = spec.TaskTemplate;
  const release = wanted.Labels?.[labels.release] ?? "";
  return task.Spec.ContainerSpec.Image === wanted.Image && releaseOf(task) === release;
}

function stateOf(look: Look, copies: Copies): RolloutState["state"] {
  const said = look.service.UpdateStatus?.State ?? "none";
  if (said === "paused" || said.startsWith("rollback")) return "failed";
  if (said === "updating") return "updating";
  if (loopsIn(copies)) return "failed";
  const left = copies.old.length + copies.ending.length;
  const isWhole = copies.running.length >= copies.wanted && left === 0;
  // After an update the engine has watched them for a while; a fresh service nobody did.
  return isWhole && (said === "completed" || isSettled(look, copies)) ? "steady" : "updating";
}

function isSettled({ service, at }: Look, { running }: Copies): boolean {
  const monitor = service.Spec.UpdateConfig?.Monitor;
  const watchedMs = monitor ? monitor / nanosecondsInMs : monitorDefaultMs;
  if (at - Date.parse(service.UpdatedAt) < beginsMs) return false;
  return running.every(({ Status }) => at - Date.parse(Status.Timestamp) >= watchedMs);
}

/** One place where copies failed again and again, and none runs now. */
function loopsIn({ failed, running }: Copies): boolean {
  const counts = new Map<string, number>();
  for (const task of failed) counts.set(placeOf(task), (counts.get(placeOf(task)) ?? 0) + 1);
  const up = new Set(running.map(placeOf));
  return [...counts].some(([place, count]) => count >= loops && !up.has(place));
}

/** A replica has a number, a global copy has its node. */
function placeOf(task: SwarmTask): string {
  return task.Slot ? String(task.Slot) : (task.NodeID ?? "");
}

function whatOf({ service, nodes }: Look, copies: Copies): string {
  const { wanted, running, old, ending, failed } = copies;
  const status = service.UpdateStatus;
  const newest = [...new Set(failed.map((task) => errorOf(task, nodes)))].slice(0, errorsShown);
  const lost = nodes.filter((node) => node.Status.State === "down").map(nameOf);
  return [
    `${running.length} of ${wanted} copies run it`,
    old.length > 0 ? `${old.length} run something else` : "",
    ending.length > 0 ? `${ending.length} of something else are ending` : "",
    status?.State && status.State !== "completed"
      ? `the engine says ${status.State}: ${status.Message ?? ""}`
      : "",
    lost.length > 0 ? `lost: ${lost.join(", ")}` : "",
    ...newest,
  ]
    .filter((part) => part !== "")
    .join("; ");
}

function errorOf(task: SwarmTask, nodes: readonly SwarmNode[]): string {
  const node = nodes.find((one) => one.ID === task.NodeID);
  const why = task.Status.Err || task.Status.Message || task.Status.State;
  return `${task.Status.State} on ${node ? nameOf(node) : "no node"}: ${why}`;
}

function nameOf(node: SwarmNode): string {
  return node.Description?.Hostname ?? node.ID;
}
