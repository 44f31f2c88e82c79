// The embedded runtime: releases are folders, instances are processes of this machine. Needs nothing installed.
import type { Release } from "../../../core/release.ts";
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Instance, Runtime } from "../../../ports/runtime.ts";
import { capture } from "./capture.ts";
import { isSafeName, layout, type ProcessRuntimeConfig, type ProcessRuntimeDeps } from "./config.ts";
import { endInstance } from "./end.ts";
import { fence } from "./fence.ts";
import { instanceId, listInstances, type Room, startInstance } from "./instances.ts";
import { locks } from "./locks.ts";
import { programsThere } from "./program.ts";
import { type Proof, proof } from "./proof.ts";
import { removeRecord } from "./records.ts";
import { looker } from "./seen.ts";

export type { ProcessRuntimeConfig, ProcessRuntimeDeps, ProcessServiceConfig } from "./config.ts";

/** Key of the lock on the release store; an instance's own lock has its id as key. */
const STORE = "store";

/** One runtime for one `stateDir`. Many may exist, one after the other: all state is on the disk and in the processes. */
export function processRuntime(config: ProcessRuntimeConfig, deps: ProcessRuntimeDeps): Runtime {
  const where = layout(config.stateDir);
  const oneAtATime = locks();
  const room: Room = {
    deps,
    where,
    fence: fence(deps.files, where.fence, oneAtATime),
    look: looker(deps, where),
  };
  const proven = proof(deps, where);

  /** The fence stands before every mutation, and nothing begins for a caller who has given up. */
  const mutate = async <T>(op: Op, key: string, work: () => Promise<Result<T>>): Promise<Result<T>> => {
    if (op.signal.aborted)
      return problem("cancelled", "called off before it began", "do it again if it is still wanted");
    const allowed = await room.fence.admit(op);
    return allowed.ok ? oneAtATime(key, work) : allowed;
  };

  return {
    instances: (service) => listInstances(room, service),
    available: async (release) => {
      const whole = await proven.whole(release);
      if (!whole.ok) return whole;
      const programs = await programsThere(deps, where, release);
      return programs.ok ? whole : programs;
    },
    capture: (version) =>
      oneAtATime(STORE, () => capture(config, deps, where, proven, (id) => isRunning(room, id), version)),
    start: (op, service, release) =>
      mutate(op, instanceId(op, service, release.id), () => startInstance(room, op, service, release)),
    stop: (op, instance, graceMs) => mutate(op, instance.id, () => stop(room, op, instance, graceMs)),
    forget: (op, release) => mutate(op, STORE, () => forget(room, proven, op, release)),
  };
}

async function isRunning(room: Room, release: Release["id"]): Promise<Result<boolean>> {
  const all = await room.look("whole");
  return all.ok ? ok(all.value.some(({ record, main }) => record.release === release && main !== null)) : all;
}

/** The process is looked up anew: what the caller knows of the instance may be old. */
async function stop(room: Room, op: Op, instance: Instance, graceMs: number): Promise<Result<void>> {
  const all = await room.look("whole");
  if (!all.ok) return all;
  const seen = all.value.find(({ record }) => record.id === instance.id);
  return endInstance(room.deps, room.where, room.fence, op, {
    id: instance.id,
    main: seen?.main ?? null,
    graceMs,
  });
}

async function forget(room: Room, proven: Proof, op: Op, release: Release["id"]): Promise<Result<void>> {
  assert(isSafeName(release), `${release} cannot be a release`);
  const { deps, where } = room;
  const all = await room.look("whole");
  if (!all.ok) return all;
  const ours = all.value.filter(({ record }) => record.release === release);
  const alive = ours.find(({ main }) => main !== null);
  if (alive) return problem("refused", `${alive.record.id} runs from release ${release}`, "stop it first");
  for (const { record } of ours) {
    const ended = await endInstance(deps, where, room.fence, op, { id: record.id, main: null, graceMs: 0 });
    if (!ended.ok) return ended;
    // Its log goes too: without the release's env file nobody could take the secrets out of it.
    const gone = await removeRecord(deps.files, where, record.id);
    if (!gone.ok) return gone;
  }
  const still = await room.fence.still(op);
  if (!still.ok) return still;
  proven.forget(release);
  // The manifest first: from here on it is no release any more, whatever interrupts us.
  const manifest = await deps.files.remove(where.manifest(release));
  return manifest.ok ? deps.files.remove(where.release(release)) : manifest;
}
