// What the parts of this runtime share, and how a unit is shown as an instance.
import { assert, ok, type Result } from "../../../core/result.ts";
import type { Instance } from "../../../ports/runtime.ts";
import type { Layout } from "../process/config.ts";
import { readEnvText } from "../process/env.ts";
import type { Fence } from "../process/fence.ts";
import { redactor } from "../process/redact.ts";
import type { Slot, SystemdRuntimeConfig, SystemdRuntimeDeps } from "./config.ts";
import { journalOf } from "./control.ts";
import { healthOf, isLive, type UnitState } from "./unit.ts";

export type Room = {
  readonly config: SystemdRuntimeConfig;
  readonly deps: SystemdRuntimeDeps;
  readonly where: Layout;
  readonly fence: Fence;
  readonly slots: readonly Slot[];
};

/** Where a unit is, as an instance. Its lines lose the secrets of its release's env file. */
export async function shown(room: Room, slot: Slot, state: UnitState): Promise<Result<Instance>> {
  const { deps, where, config } = room;
  assert(state.marks, "only what Lastgood started is an instance");
  const { instance: id, release, op } = state.marks;
  const secrets = await deps.files.read(where.envFile(release, slot.service));
  if (!secrets.ok && secrets.error.code !== "missing") return secrets;
  const redact = redactor(secrets.ok ? readEnvText(secrets.value.toString("utf8")) : {});
  const lines = await journalOf(deps, state);
  if (!lines.ok) return lines;
  return ok({
    id,
    service: slot.service,
    release,
    op,
    url: `http://${config.address}:${slot.port}`,
    state: isLive(state) ? "running" : "exited",
    health: healthOf(state),
    lastLines: lines.value.map(redact),
  });
}
