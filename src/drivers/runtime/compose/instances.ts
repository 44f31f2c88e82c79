// Which instances there are: containers by their labels, and workers that were taken over, read fresh at each look.
import { ok, type Result } from "../../../core/result.ts";
import type { Instance } from "../../../ports/runtime.ts";
import { type Adopted, readAdopted } from "../../docker/adopted.ts";
import { findContainers, inspectContainers } from "../../docker/containers.ts";
import type { Container } from "../../docker/inspect.ts";
import { copyName, labels } from "../../docker/names.ts";
import type { ComposeRoom } from "./room.ts";

/** An instance with the containers behind it, newest first. */
export type Seen = {
  readonly id: string;
  readonly service: string;
  readonly release: string;
  readonly op: string;
  readonly port: number | null;
  readonly copies: number;
  /** Under their right names. */
  readonly containers: readonly Container[];
  /** What a recreation that was cut off left behind, as `<hex>_<name>`. */
  readonly leftovers: readonly Container[];
};

/** Newest first. `service` null: of all services. */
export async function lookAtInstances(
  room: ComposeRoom,
  service: string | null,
): Promise<Result<readonly Seen[]>> {
  const { config, docker, deps, where } = room;
  const wanted = {
    [labels.kind]: "instance",
    [labels.app]: config.app,
    [labels.env]: config.env,
    ...(service === null ? {} : { [labels.service]: service }),
  };
  const adopted = await readAdopted(deps.files, where.adopted);
  if (!adopted.ok) return adopted;
  const theirs = adopted.value.filter((one) => service === null || one.service === service);
  const [ours, foreign] = await Promise.all([
    findContainers(docker, wanted),
    inspectContainers(
      docker,
      theirs.map(({ container }) => container),
    ),
  ]);
  if (!ours.ok) return ours;
  if (!foreign.ok) return foreign;
  const seen = [...groupByInstance(ours.value), ...takenOver(theirs, foreign.value)];
  return ok(seen.toSorted((a, b) => (bornOf(a) < bornOf(b) ? 1 : bornOf(a) > bornOf(b) ? -1 : 0)));
}

function bornOf({ containers, leftovers }: Seen): string {
  return (containers[0] ?? leftovers[0])?.created ?? "";
}

export function groupByInstance(containers: readonly Container[]): readonly Seen[] {
  const groups = Map.groupBy(containers, ({ labels: has }) => has[labels.instance] ?? "");
  groups.delete("");
  return [...groups].map(([id, all]) => {
    const has = all[0]?.labels ?? {};
    const copies = Number(has[labels.copies] ?? 1);
    const names = new Set(Array.from({ length: copies }, (_, i) => copyName(id, i + 1)));
    const port = Number(has[labels.port] ?? "");
    return {
      id,
      service: has[labels.service] ?? "",
      release: has[labels.release] ?? "",
      op: has[labels.op] ?? "",
      port: port > 0 ? port : null,
      copies,
      containers: all.filter(({ name }) => names.has(name)),
      leftovers: all.filter(({ name }) => !names.has(name)),
    };
  });
}

/** No op of ours started them. */
const ADOPTED = "adopted";

function takenOver(adopted: readonly Adopted[], containers: readonly Container[]): readonly Seen[] {
  return adopted.flatMap(({ container, service, release }) => {
    const found = containers.find(({ id }) => id === container);
    return found === undefined
      ? []
      : [
          {
            id: found.name,
            service,
            release,
            op: ADOPTED,
            port: null,
            copies: 1,
            containers: [found],
            leftovers: [],
          },
        ];
  });
}

/** Paused counts: it holds its memory, its files and its place. One that is being restarted after a crash does not. */
export function isAlive({ status }: Container): boolean {
  return status === "running" || status === "paused";
}

export function runsWhole({ containers, copies }: Seen): boolean {
  return containers.filter(isAlive).length >= copies;
}

/** Any of it, under whatever name: then it must be stopped before it counts as gone. */
function livesOn({ containers, leftovers }: Seen): boolean {
  return [...containers, ...leftovers].some(isAlive);
}

/** It crashed, and the engine will start it again for as long as nobody stops it. */
function isRestless({ containers, leftovers }: Seen): boolean {
  return [...containers, ...leftovers].some(({ status }) => status === "restarting");
}

/** Live ones, those that are restarted for ever, and of each release the newest dead one; newest first. */
export async function listInstances(
  room: ComposeRoom,
  service: string,
  onlyLive = false,
): Promise<Result<readonly Instance[]>> {
  const all = await lookAtInstances(room, service);
  if (!all.ok) return all;
  if (onlyLive)
    return ok(await Promise.all(all.value.filter(livesOn).map((seen) => instanceOf(room, seen, "whole"))));
  const deadShown = new Set<string>();
  const shown = all.value.filter((seen) => {
    if (livesOn(seen) || isRestless(seen)) return true;
    if (seen.containers.length === 0 || deadShown.has(seen.release)) return false;
    deadShown.add(seen.release);
    return true;
  });
  return ok(await Promise.all(shown.map((seen) => instanceOf(room, seen, "whole"))));
}

/** `quick`: of one that runs, without asking its healthcheck and reading its lines. */
export async function instanceOf(room: ComposeRoom, seen: Seen, how: "whole" | "quick"): Promise<Instance> {
  const { id, service, release, op } = seen;
  const alive = livesOn(seen);
  const health = alive ? await healthOf(room, seen, how) : isRestless(seen) ? "unhealthy" : "unsaid";
  const wantsLines = !alive || (how === "whole" && health !== "healthy");
  return {
    id,
    service,
    release,
    op,
    url: urlOf(seen),
    state: alive ? "running" : "exited",
    health,
    lastLines: wantsLines ? await linesOf(room, seen) : [],
  };
}

/**
 * Of the first copy, for checks from this machine: it reaches containers by their bridge address, which changes with
 * every restart. Null while not all copies run: what answers then is not what was asked for.
 */
function urlOf(seen: Seen): string | null {
  if (seen.port === null || !runsWhole(seen)) return null;
  const first = seen.containers.find(({ name }) => name === seen.id);
  const [address] = Object.keys(first?.addresses ?? {})
    .toSorted()
    .map((network) => first?.addresses[network]);
  return address === undefined ? null : `http://${address}:${seen.port}`;
}

/** So long after a crash and restart it is not taken for well. */
const STEADY_MS = 10_000;

/** The worst of its copies. */
async function healthOf(room: ComposeRoom, seen: Seen, how: "whole" | "quick"): Promise<Instance["health"]> {
  if (!runsWhole(seen)) return "unhealthy";
  const said = await Promise.all(seen.containers.map((container) => healthOfOne(room, seen, container, how)));
  const worst = (["unhealthy", "starting", "unsaid"] as const).find((word) => said.includes(word));
  return worst ?? "healthy";
}

async function healthOfOne(
  room: ComposeRoom,
  seen: Seen,
  container: Container,
  how: "whole" | "quick",
): Promise<Instance["health"]> {
  const { health, status, restarts, startedAt } = container;
  if (status === "paused") return "unhealthy";
  if (health === "starting") {
    const passes =
      how === "whole" && (await mayBeAsked(room, seen, container)) && (await room.checkNow(container));
    return passes ? "healthy" : "starting";
  }
  if (health !== null) return health;
  const upMs = startedAt === null ? 0 : room.deps.clock.now() - startedAt;
  return restarts > 0 && upMs < STEADY_MS ? "unhealthy" : "unsaid";
}

/** A check that has a secret in it would show it in the list of processes: that one is left to the engine. */
async function mayBeAsked(
  room: ComposeRoom,
  { release, service }: Seen,
  { healthcheck }: Container,
): Promise<boolean> {
  const redact = await room.redactorOf(release, service);
  const words = healthcheck?.argv.join(" ") ?? "";
  return redact !== null && redact(words) === words;
}

/** So long after its start nobody asks any more why it does not come up. */
const SETTLED_MS = 60_000;

/** What is well has nothing to explain; the newest lines are for those who ask why it is not. */
async function linesOf(room: ComposeRoom, seen: Seen): Promise<readonly string[]> {
  const [container] = seen.containers.toSorted((a, b) => Number(isAlive(a)) - Number(isAlive(b)));
  if (container === undefined) return [];
  const upMs = container.startedAt === null ? 0 : room.deps.clock.now() - container.startedAt;
  if (isAlive(container) && container.health === null && upMs > SETTLED_MS) return [];
  const redact = await room.redactorOf(seen.release, seen.service);
  // Without the release's values nobody could take the secrets out.
  if (redact === null) return [];
  const lines = await room.linesOf(container, redact);
  return container.error === "" ? lines : [...lines, redact(container.error)];
}
