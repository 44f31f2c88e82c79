// Releases under systemd: the owner's own units run them; a drop-in says which release, port and op.
import type { Release } from "../../../core/release.ts";
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Instance, Runtime } from "../../../ports/runtime.ts";
import { capture } from "../process/capture.ts";
import { isSafeName, layout, type ProcessRuntimeConfig } from "../process/config.ts";
import { fence } from "../process/fence.ts";
import { type Locks, locks } from "../process/locks.ts";
import { type Proof, proof } from "../process/proof.ts";
import { type SystemdRuntimeConfig, type SystemdRuntimeDeps, slotsOf } from "./config.ts";
import { command, endUnit, lookAt } from "./control.ts";
import { type Room, shown } from "./room.ts";
import { startIn } from "./start.ts";
import { isLive } from "./unit.ts";

export type { SystemdRuntimeConfig, SystemdRuntimeDeps, SystemdServiceConfig } from "./config.ts";

const unitLock = "units";

export function systemdRuntime(config: SystemdRuntimeConfig, deps: SystemdRuntimeDeps): Runtime {
  const where = layout(config.stateDir);
  const oneAtATime: Locks = locks();
  const slots = Object.entries(config.services).flatMap(([name, service]) => slotsOf(name, service));
  const room: Room = { config, deps, where, slots, fence: fence(deps.files, where.fence, oneAtATime) };
  const proven = proof(deps, where);

  const mutate = async <T>(op: Op, work: () => Promise<Result<T>>): Promise<Result<T>> => {
    if (op.signal.aborted)
      return problem("cancelled", "called off before it began", "do it again if it is still wanted");
    const allowed = await room.fence.admit(op);
    return allowed.ok ? oneAtATime(unitLock, work) : allowed;
  };

  return {
    instances: (service) => instances(room, service),
    async available(release) {
      const whole = await proven.whole(release);
      if (!whole.ok) return whole;
      const units = await unitsThere(room, release);
      return units.ok ? whole : units;
    },
    capture: (version) => oneAtATime("store", () => captureFor(room, proven, version)),
    start: (op, service, release) => mutate(op, () => startIn(room, op, service, release)),
    stop: (op, instance, graceMs) => mutate(op, () => stop(room, op, instance, graceMs)),
    forget: (op, release) => mutate(op, () => forget(room, proven, op, release)),
  };
}

/** The same store as for processes; what starts it is the unit, so that stands for the command. */
async function captureFor(room: Room, proven: Proof, version: string): Promise<Result<Release>> {
  const { config, deps, where } = room;
  const services = Object.entries(config.services).map(([name, { unit, ...service }]) => {
    return [name, { ...service, command: [unit], env: {} }] as const;
  });
  const own: ProcessRuntimeConfig = { stateDir: config.stateDir, services: Object.fromEntries(services) };
  const isRunning = async (release: string) => {
    const now = await lookAt(deps, room.slots);
    return now.ok ? ok(now.value.some((state) => state.marks?.release === release && isLive(state))) : now;
  };
  const captured = await capture(own, deps, where, proven, isRunning, version);
  if (!captured.ok) return captured;
  // The units' user must be able to enter: the store itself makes its folders for its owner alone.
  const folders = Object.keys(config.services).map((service) => where.service(captured.value.id, service));
  const path = [where.root, `${where.root}/releases`, where.release(captured.value.id), ...folders];
  const opened = await command(deps, ["chmod", "go+x", "--", ...path]);
  return opened.ok ? captured : opened;
}

async function unitsThere({ deps, slots }: Room, release: Release): Promise<Result<void>> {
  const wanted = slots.filter(({ service }) => release.services[service]);
  const now = await lookAt(deps, wanted);
  if (!now.ok) return now;
  const unknown = now.value.find(({ loaded }) => !loaded);
  if (!unknown) return ok(undefined);
  const next = "Install the unit, then systemctl daemon-reload; or correct `unit` in lastgood.yml.";
  return problem("failed", `systemd knows no unit ${unknown.unit}`, next);
}

async function instances(room: Room, service: string): Promise<Result<readonly Instance[]>> {
  const slots = room.slots.filter((slot) => slot.service === service);
  if (slots.length === 0) return ok([]);
  const now = await lookAt(room.deps, slots);
  if (!now.ok) return now;
  const found: Instance[] = [];
  for (const [at, state] of now.value.entries()) {
    const slot = slots[at];
    const instance = slot && state.marks ? await shown(room, slot, state) : null;
    if (instance && !instance.ok) return instance;
    if (instance?.ok) found.push(instance.value);
  }
  return ok(found);
}

async function stop(room: Room, op: Op, instance: Instance, graceMs: number): Promise<Result<void>> {
  const slots = room.slots.filter(({ service }) => service === instance.service);
  const now = await lookAt(room.deps, slots);
  if (!now.ok) return now;
  const at = now.value.findIndex((state) => state.marks?.instance === instance.id && isLive(state));
  const slot = slots[at];
  if (!slot) return ok(undefined);
  const ended = await endUnit(room.deps, op, slot, graceMs);
  if (!ended.ok) return ended;
  // It must not come back with the machine. A unit without [Install] was never going to: that is no failure.
  await command(room.deps, ["systemctl", "disable", "--quiet", "--", slot.unit], { op });
  return ok(undefined);
}

async function forget(room: Room, proven: Proof, op: Op, release: string): Promise<Result<void>> {
  assert(isSafeName(release), `${release} cannot be a release`);
  const now = await lookAt(room.deps, room.slots);
  if (!now.ok) return now;
  const alive = now.value.find((state) => state.marks?.release === release && isLive(state));
  if (alive) return problem("refused", `${alive.unit} runs release ${release}`, "stop it first");
  const still = await room.fence.still(op);
  if (!still.ok) return still;
  proven.forget(release);
  const manifest = await room.deps.files.remove(room.where.manifest(release));
  return manifest.ok ? room.deps.files.remove(room.where.release(release)) : manifest;
}
