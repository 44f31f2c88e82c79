// Runtime `compose`: services of the user's own compose file, a new release beside the old one, every image pinned.
import { parseJson } from "../../../core/json.ts";
import type { Release } from "../../../core/release.ts";
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Instance, Runtime } from "../../../ports/runtime.ts";
import { findContainers, stopContainer } from "../../docker/containers.ts";
import { untagImage } from "../../docker/images.ts";
import { imageTag, labels } from "../../docker/names.ts";
import { isSafeName } from "../process/config.ts";
import { type CaptureRoom, captureStack } from "./capture.ts";
import type { ComposeRuntimeConfig, ComposeRuntimeDeps } from "./config.ts";
import { isAlive, listInstances, lookAtInstances, type Seen } from "./instances.ts";
import { whole } from "./proof.ts";
import { type ComposeRoom, composeRoom } from "./room.ts";
import { captureRunning, type Running } from "./running.ts";
import { composeSpecOf } from "./spec.ts";
import { instanceId, removeAll, startInstance } from "./start.ts";

export type { ComposeRuntimeConfig, ComposeRuntimeDeps } from "./config.ts";

export type ComposeRuntime = Runtime & {
  /**
   * What runs already, as a release: the files as they are now, with the images of these running containers (ids or
   * names, by service). For taking over a stack that somebody else started: so there is a last good from the first
   * day. Containers of workers are shown as instances of that release from then on, for the first deploy to stop them;
   * an app starts anew beside its own, and its edge takes the requests over.
   */
  captureRunning(version: string, running: Running): Promise<Result<Release>>;
};

/** Key of the lock on the release store; an instance's own lock has its id as key. */
const STORE = "store";

/** One runtime for one `stateDir`. Many may exist, one after the other: all state is on the disk and in the engine. */
export function composeRuntime(config: ComposeRuntimeConfig, deps: ComposeRuntimeDeps): ComposeRuntime {
  const room = composeRoom(config, deps);
  const { docker, where } = room;
  const available = (release: Release) => whole(deps.files, docker, where, release);
  const store: CaptureRoom = {
    config,
    deps,
    docker,
    where,
    isWhole: async (release) => (await available(release)).ok,
  };
  return {
    instances: (service, which) => listInstances(room, service, which === "live"),
    available,
    capture: (version) => room.locks(STORE, () => captureStack(store, version, null)),
    captureRunning: (version, running) =>
      room.locks(STORE, () =>
        captureRunning(room, running, (images) => captureStack(store, version, images)),
      ),
    start: (op, service, release) => {
      const id = instanceId(op, service, release);
      return id.ok
        ? room.mutate(op, id.value, () => startInstance(room, op, service, release))
        : Promise.resolve(id);
    },
    stop: (op, instance, graceMs) => room.mutate(op, instance.id, () => stop(room, op, instance, graceMs)),
    forget: (op, release) => room.mutate(op, STORE, () => forget(room, op, release)),
  };
}

/** Its containers are looked up anew: what the caller knows of the instance may be old. They are kept for people to look at. */
async function stop(room: ComposeRoom, op: Op, instance: Instance, graceMs: number): Promise<Result<void>> {
  const all = await lookAtInstances(room, null);
  if (!all.ok) return all;
  const seen = all.value.find(({ id }) => id === instance.id);
  if (seen === undefined) return ok(undefined);
  const still = await room.fence.still(op);
  if (!still.ok) return still;
  // Never started, or half of a recreation: nobody learns anything from these.
  const cleared = await removeAll(
    room,
    op,
    seen.leftovers.filter((one) => !isAlive(one)),
  );
  if (!cleared.ok) return cleared;
  const ended = await Promise.all(
    [...seen.containers, ...seen.leftovers].map((container) =>
      stopContainer(room.docker, op, container, graceMs),
    ),
  );
  const failed = ended.find((one) => !one.ok);
  return failed ?? ok(undefined);
}

async function forget(room: ComposeRoom, op: Op, release: Release["id"]): Promise<Result<void>> {
  assert(isSafeName(release), `${release} cannot be a release`);
  const { config, deps, docker, where } = room;
  const all = await lookAtInstances(room, null);
  if (!all.ok) return all;
  const ofRelease = all.value.filter((seen) => seen.release === release);
  const alive = ofRelease.find(({ containers, leftovers }) => [...containers, ...leftovers].some(isAlive));
  if (alive) return problem("refused", `${alive.id} runs from release ${release}`, "stop it first");
  const tasks = await findContainers(docker, {
    [labels.kind]: "task",
    [labels.app]: config.app,
    [labels.env]: config.env,
    [labels.release]: release,
  });
  if (!tasks.ok) return tasks;
  const cleared = await removeAll(room, op, [...ofRelease.flatMap(ours), ...tasks.value]);
  if (!cleared.ok) return cleared;
  const names = await imageNames(room, release);
  if (!names.ok) return names;
  const still = await room.fence.still(op);
  if (!still.ok) return still;
  // Names first, while the manifest tells which: without a manifest it is no release any more.
  for (const name of names.value) {
    const gone = await untagImage(docker, name, op.id);
    if (!gone.ok) return gone;
  }
  const manifest = await deps.files.remove(where.manifest(release));
  return manifest.ok ? deps.files.remove(where.release(release)) : manifest;
}

/** Containers that were taken over are the user's own: they are left as they are. */
function ours({ containers, leftovers }: Seen) {
  return [...containers, ...leftovers].filter(({ labels: has }) => has[labels.kind] === "instance");
}

async function imageNames({ deps, where }: ComposeRoom, release: string): Promise<Result<readonly string[]>> {
  const content = await deps.files.read(where.manifest(release));
  if (!content.ok) return content.error.code === "missing" ? ok([]) : content;
  const manifest = parseJson(content.value.toString("utf8")) as { release?: Release } | null;
  const services = Object.entries(manifest?.release?.services ?? {});
  return ok(services.map(([name, spec]) => imageTag(composeSpecOf(spec).project, name, release)));
}
