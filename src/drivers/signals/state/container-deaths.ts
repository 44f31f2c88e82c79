// What an event of the engine says of a container's life: was the death asked for, and what comes of it?
import type { SignalEvent } from "../../../core/signals/event.ts";
import type { DockerEvent } from "./docker-events.ts";

/** What the engine does about a death. */
export type Fate = {
  readonly isBack: boolean;
  readonly outOfMemory: boolean;
  /** Its limit of memory; 0: none. */
  readonly memoryBytes: number;
};

export type Lives = Map<
  string,
  { readonly askedMs: number | null; readonly oomMs: number | null; readonly sick: boolean }
>;

/** How long after the engine was asked to end it a death still is what was asked for. */
const askedForMs = 180_000;
/** Memory that runs out kills one process after the other: one event for all of them. */
const oomForMs = 60_000;
/** Exit code of a process that SIGKILL ended. */
const killed = "137";
/** Containers that are remembered; the oldest are forgotten. */
const remembered = 1_000;
/** Signals that people send to a program that is to go on: HUP, USR1, USR2, WINCH. */
const goOn = new Set(["1", "10", "12", "28"]);

export function msOf(nano: string): number {
  return Number(nano.slice(0, -6));
}

/** CHANGES `lives`. `fateOf` is asked only about a death that nobody asked for. */
export async function told(
  event: DockerEvent,
  lives: Lives,
  fateOf: (id: string) => Promise<Fate>,
): Promise<SignalEvent | null> {
  const at = msOf(event.nano);
  const life = lives.get(event.id) ?? { askedMs: null, oomMs: null, sick: false };
  const now = (change: Partial<typeof life>) => {
    lives.delete(event.id);
    lives.set(event.id, { ...life, ...change });
    for (const oldest of lives.keys()) if (lives.size > remembered) lives.delete(oldest);
  };
  const [action = "", detail = ""] = event.action.split(": ");
  switch (action) {
    case "kill":
      if (!goOn.has(event.attributes["signal"] ?? "")) now({ askedMs: at });
      return null;
    case "start":
      now({ askedMs: null, sick: false });
      return null;
    case "destroy":
      lives.delete(event.id);
      return null;
    case "oom":
      now({ oomMs: at });
      if (life.oomMs !== null && at - life.oomMs < oomForMs) return null;
      return { ...common(event), kind: "oom", what: `${nameOf(event)} ran out of memory` };
    case "die":
      if (life.askedMs !== null && at - life.askedMs < askedForMs) return null;
      if (life.oomMs !== null && at - life.oomMs < oomForMs) return null;
      return death(event, await fateOf(event.id));
    case "health_status":
      if (detail === "unhealthy") now({ sick: true });
      else if (life.sick) now({ sick: false });
      return health(event, detail, life.sick);
    default:
      return null;
  }
}

function health(event: DockerEvent, detail: string, wasSick: boolean): SignalEvent | null {
  const name = nameOf(event);
  if (detail === "unhealthy")
    return { ...common(event), kind: "unhealthy", what: `the health check of ${name} fails` };
  return wasSick
    ? { ...common(event), kind: "unhealthy", what: `${name} is healthy again`, over: true }
    : null;
}

/**
 * Not every engine notices why the kernel killed: with a limit of memory, a kill that nobody asked the engine for is
 * most likely that, and is said so.
 */
function death(event: DockerEvent, { isBack, outOfMemory, memoryBytes }: Fate): SignalEvent | null {
  const exit = event.attributes["exitCode"] ?? "?";
  const name = nameOf(event);
  if (!outOfMemory && exit === killed && memoryBytes > 0) {
    const limit = `${Math.round(memoryBytes / 2 ** 20)} MiB`;
    return {
      ...common(event),
      kind: "oom",
      what: `${name} was killed, most likely because its ${limit} of memory ran out`,
    };
  }
  if (outOfMemory) return { ...common(event), kind: "oom", what: `${name} ran out of memory and died` };
  if (isBack)
    return { ...common(event), kind: "restart", what: `${name} died (exit ${exit}) and is started again` };
  // A job has done its work.
  if (exit === "0") return null;
  return { ...common(event), kind: "exit", what: `${name} died (exit ${exit}) and stays down` };
}

function common({ nano, attributes, name }: DockerEvent) {
  const subject = attributes["lastgood.service"] ?? attributes["com.docker.compose.service"] ?? name;
  return { at: msOf(nano), subject, release: attributes["lastgood.release"] ?? "" };
}

function nameOf({ name }: DockerEvent): string {
  return `container ${name}`;
}

/** One-off containers are a run's own business: it sees how they end. */
export function isFollowed({ attributes }: DockerEvent, labels: readonly (readonly string[])[]): boolean {
  if (attributes["com.docker.compose.oneoff"] === "True" || attributes["lastgood.kind"] === "task")
    return false;
  return labels.some((set) =>
    set.every((label) => {
      const at = label.indexOf("=");
      return attributes[label.slice(0, at)] === label.slice(at + 1);
    }),
  );
}
