// Starts a release in a free unit: drop-in, link, daemon-reload, start.
import { join } from "node:path";
import type { Release } from "../../../core/release.ts";
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Instance } from "../../../ports/runtime.ts";
import { instanceId } from "../process/instances.ts";
import { notStored } from "../process/proof.ts";
import type { Slot } from "./config.ts";
import { command, lookAt, place, pointLink } from "./control.ts";
import { type Room, shown } from "./room.ts";
import { dropIn, isLive, type UnitState } from "./unit.ts";

export async function startIn(
  room: Room,
  op: Op,
  service: string,
  release: Release,
): Promise<Result<Instance>> {
  const id = instanceId(op, service, release.id);
  const slots = room.slots.filter((slot) => slot.service === service);
  const now = await lookAt(room.deps, slots);
  if (!now.ok) return now;
  const chosen = choose(slots, now.value, id);
  if (!chosen) return allBusy(service, slots, now.value);
  const { slot, state } = chosen;
  if (state.marks?.instance === id && isLive(state)) return shown(room, slot, state);
  const given = await giveRelease(room, op, slot, { id, service, release });
  if (!given.ok) return given;
  const still = await room.fence.still(op);
  if (!still.ok) return still;
  // A unit that failed too often would refuse to start, whatever it is given now.
  await command(room.deps, ["systemctl", "reset-failed", "--", slot.unit], { op });
  const started = await command(room.deps, ["systemctl", "start", "--", slot.unit], { op });
  if (!started.ok) return started;
  await command(room.deps, ["systemctl", "enable", "--quiet", "--", slot.unit], { op });
  const after = await lookAt(room.deps, [slot]);
  if (!after.ok) return after;
  const [seen] = after.value;
  assert(seen, "one unit was asked for");
  return shown(room, slot, seen);
}

/** The one that this op took before; else one where nothing runs. */
function choose(slots: readonly Slot[], states: readonly UnitState[], id: string) {
  const all = slots.flatMap((slot, at) => {
    const state = states[at];
    return state ? [{ slot, state }] : [];
  });
  return all.find(({ state }) => state.marks?.instance === id) ?? all.find(({ state }) => !isLive(state));
}

type Given = { readonly id: string; readonly service: string; readonly release: Release };

async function giveRelease(
  room: Room,
  op: Op,
  slot: Slot,
  { id, service, release }: Given,
): Promise<Result<void>> {
  const { deps, where, config } = room;
  const folder = where.files(release.id, service);
  const [there, secret] = [
    await deps.files.stat(folder),
    await deps.files.stat(where.envFile(release.id, service)),
  ];
  if (!there.ok) return there;
  if (!secret.ok) return secret;
  if (there.value === null) return notStored(release.id, folder);
  const text = dropIn({
    marks: { instance: id, release: release.id, op: op.id },
    service,
    port: slot.port,
    folder,
    envFile: secret.value === null ? null : where.envFile(release.id, service),
  });
  const placed = await place(deps, op, join(config.unitDir, `${slot.unit}.d`, "50-lastgood.conf"), text);
  if (!placed.ok) return placed;
  const linked = slot.link === null ? ok(undefined) : await pointLink(deps, op, slot.link, folder);
  if (!linked.ok) return linked;
  const reloaded = await command(deps, ["systemctl", "daemon-reload"], { op });
  return reloaded.ok ? ok(undefined) : reloaded;
}

function allBusy(service: string, slots: readonly Slot[], states: readonly UnitState[]): Result<never> {
  const runs = states.map(
    ({ unit, marks }) => `${unit} runs ${marks?.release ?? "what Lastgood did not start"}`,
  );
  const next =
    slots.length === 1
      ? "Write strategy: pause in lastgood.yml (stop it by hand the first time), or use a template unit with two ports."
      : "Wait until a watch is over, stop one of them, or give the unit one more port in lastgood.yml.";
  return problem("busy", `no unit is free for ${service}: ${runs.join(", ")}`, next);
}
