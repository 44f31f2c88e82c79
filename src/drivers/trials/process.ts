// Releases tried aside as processes: the same files and settings, records and marks of their own.
import { join } from "node:path";
import { type Aim, aimed } from "../../core/backups/aim.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { ProcessRef } from "../../ports/processes.ts";
import type { Instance } from "../../ports/runtime.ts";
import type { Caller, Trials } from "../../ports/trials.ts";
import { type Layout, layout, type ProcessRuntimeDeps } from "../runtime/process/config.ts";
import { endInstance } from "../runtime/process/end.ts";
import { fence } from "../runtime/process/fence.ts";
import { listInstances, type Room, startInstance } from "../runtime/process/instances.ts";
import { locks } from "../runtime/process/locks.ts";
import { looker } from "../runtime/process/seen.ts";

export type ProcessTrialDeps = ProcessRuntimeDeps & {
  /** Our ends of a process's TCP connections. */
  readonly callers: (process: ProcessRef) => Promise<readonly Caller[]>;
};

const GRACE_MS = 2_000;

/** Beside the runtime with the same `stateDir`, whose stored releases it starts. */
export function processTrials(stateDir: string, deps: ProcessTrialDeps): Trials {
  const where = aside(stateDir);
  const oneAtATime = locks();
  const room: Room = {
    deps,
    where,
    fence: fence(deps.files, where.fence, oneAtATime),
    look: looker(deps, where),
  };
  return {
    aside: (aim) => ({
      instances: (service) => listInstances(room, service),
      start: (op, service, release) =>
        mutate(room, op, () => startInstance({ ...room, over: overOf(aim) }, op, service, release)),
      stop: (op, instance, graceMs) => mutate(room, op, () => end(room, op, instance.id, graceMs)),
    }),
    callers: (instance) => callersOf(room, deps, instance),
    sweep: (op) => sweep(room, op),
  };
}

function overOf(aim: Aim): NonNullable<Room["over"]> {
  return (values) => aimed(values, aim);
}

/** Releases are where they always are; all else lies apart, and carries another mark than production's. */
function aside(stateDir: string): Layout {
  const root = join(layout(stateDir).root, "trial");
  const { fence: own, instances, record, log } = layout(root);
  return { ...layout(stateDir), root, fence: own, instances, record, log };
}

async function mutate<T>(room: Room, op: Op, work: () => Promise<Result<T>>): Promise<Result<T>> {
  if (op.signal.aborted) return problem("cancelled", "called off before it began", "do it again");
  const allowed = await room.fence.admit(op);
  return allowed.ok ? work() : allowed;
}

async function end(room: Room, op: Op, id: string, graceMs: number): Promise<Result<void>> {
  const all = await room.look("whole");
  if (!all.ok) return all;
  const main = all.value.find(({ record }) => record.id === id)?.main ?? null;
  return endInstance(room.deps, room.where, room.fence, op, { id, main, graceMs });
}

async function callersOf(
  room: Room,
  { callers }: ProcessTrialDeps,
  { id }: Instance,
): Promise<readonly Caller[]> {
  const all = await room.look("quick");
  const alive = all.ok ? (all.value.find(({ record }) => record.id === id)?.alive ?? []) : [];
  return (await Promise.all(alive.map(callers))).flat();
}

/** The folder is the note: it is there before the first process is. */
async function sweep(room: Room, op: Op): Promise<Result<void>> {
  const { deps, where } = room;
  const noted = await deps.files.stat(where.root);
  if (!noted.ok) return noted;
  if (noted.value === null) return ok(undefined);
  return mutate(room, op, async () => {
    const all = await room.look("whole");
    if (!all.ok) return all;
    for (const { record, main } of all.value) {
      const ended = await endInstance(deps, where, room.fence, op, {
        id: record.id,
        main,
        graceMs: GRACE_MS,
      });
      if (!ended.ok) return ended;
    }
    return deps.files.remove(where.root);
  });
}
