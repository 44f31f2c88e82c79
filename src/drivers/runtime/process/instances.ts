// Starts instances, each at most once, and tells which there are.
import type { Release } from "../../../core/release.ts";
import { assert, ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Instance } from "../../../ports/runtime.ts";
import { isSafeName, type Layout, type ProcessRuntimeDeps } from "./config.ts";
import { endInstance } from "./end.ts";
import { argvOf, marksOf, readEnvText, settingsOf, type Values } from "./env.ts";
import type { Fence } from "./fence.ts";
import { lastLines } from "./log.ts";
import { notStored, readEnvFile } from "./proof.ts";
import { type InstanceRecord, removeRecord, writeRecord } from "./records.ts";
import { redactor } from "./redact.ts";
import type { Look, Seen } from "./seen.ts";
import { type ProcessSpec, processSpecOf } from "./spec.ts";

const PORT_TRIES = 20;

export type Room = {
  readonly deps: ProcessRuntimeDeps;
  readonly where: Layout;
  readonly fence: Fence;
  readonly look: Look;
  /** Set on top of a release's own values, for one that is tried aside. */
  readonly over?: (values: Values) => Result<Values>;
};

/** The same for every try of an op, so that a second try finds what the first one left. */
export function instanceId(op: Op, service: string, release: string): string {
  for (const name of [op.id, service, release])
    assert(isSafeName(name), `${name} cannot be part of an instance's name`);
  return `${service}-${release}-${op.id}`;
}

/** Start it, or give the one that this op started before. The caller keeps others from starting the same meanwhile. */
export async function startInstance(
  room: Room,
  op: Op,
  service: string,
  release: Release,
): Promise<Result<Instance>> {
  const { deps } = room;
  const spec = release.services[service];
  if (spec === undefined)
    return problem(
      "missing",
      `release ${release.id} has no service ${service}`,
      "deploy a release that has it",
    );
  const id = instanceId(op, service, release.id);
  const all = await room.look("whole");
  if (!all.ok) return all;
  const mine = all.value.find(({ record }) => record.id === id);
  if (mine?.main) return keep(room, { ...mine.record, process: mine.main });
  if (mine && mine.alive.length > 0) {
    // Its main process died and left helpers behind: they would get in the way of the new one.
    const ended = await endInstance(deps, room.where, room.fence, op, { id, main: null, graceMs: 0 });
    if (!ended.ok) return ended;
  }
  const port = await choosePort(deps, all.value);
  if (!port.ok) return port;
  const record: InstanceRecord = {
    id,
    service,
    release: release.id,
    op: op.id,
    port: port.value,
    at: deps.clock.now(),
    bootId: deps.clock.bootId(),
    process: null,
  };
  const started = await spawn(room, op, record, processSpecOf(spec));
  if (started.ok) await removeOlder(room, all.value, record);
  // Not when fenced: whoever has taken over may have written its own record of the same op.
  else if (started.error.code !== "fenced") await undoRecord(room, id, mine?.record);
  return started;
}

async function spawn(
  room: Room,
  op: Op,
  record: InstanceRecord,
  spec: ProcessSpec,
): Promise<Result<Instance>> {
  const { deps, where, fence } = room;
  const cwd = where.files(record.release, record.service);
  const folder = await deps.files.stat(cwd);
  if (!folder.ok) return folder;
  if (folder.value === null) return notStored(record.release, cwd);
  const secrets = await readEnvFile(deps.files, where.envFile(record.release, record.service), spec);
  if (!secrets.ok) return secrets;
  // First the record: should we die after the spawn, the port is known.
  const planned = await writeRecord(deps.files, where, record);
  if (!planned.ok) return planned;
  if (op.signal.aborted)
    return problem(
      "cancelled",
      `starting ${record.id} was called off`,
      "start it again if it is still wanted",
    );
  const allowed = await fence.still(op);
  if (!allowed.ok) return allowed;
  const settings = settingsOf(deps.baseEnv, spec, readEnvText(secrets.value));
  const over = room.over ? room.over(settings) : ok({});
  if (!over.ok) return over;
  const env = {
    ...settings,
    ...over.value,
    ...marksOf({ ...record, stateDir: where.root }),
  };
  const argv = argvOf(spec.command, deps.node, record.port);
  const started = await deps.processes.start({ argv, cwd, env, logFile: where.log(record.id) });
  if (!started.ok) return started;
  // Should another controller have taken over between the look and the spawn, it may have counted without this one.
  const still = await fence.still(op);
  if (!still.ok) {
    deps.processes.signal(started.value, "SIGKILL");
    return still;
  }
  return keep(room, { ...record, process: started.value });
}

/** A record that cannot be completed (a full disk) is no reason to end what runs: it is found by its environment. */
async function keep(room: Room, record: InstanceRecord): Promise<Result<Instance>> {
  await writeRecord(room.deps.files, room.where, record);
  return instanceOf(room, record, "running");
}

/** Best effort: an incomplete record without a process and without a log is not shown anyway. */
async function undoRecord(room: Room, id: string, former: InstanceRecord | undefined): Promise<void> {
  if (former === undefined) await removeRecord(room.deps.files, room.where, id);
  else await writeRecord(room.deps.files, room.where, former); // its log says why the former try died
}

async function choosePort(deps: ProcessRuntimeDeps, seen: readonly Seen[]): Promise<Result<number>> {
  // An instance that has not bound its port yet leaves it free for others to be given.
  const taken = new Set(seen.filter(({ main }) => main !== null).map(({ record }) => record.port));
  for (let attempt = 1; attempt <= PORT_TRIES; attempt++) {
    const port = await deps.processes.freePort();
    if (!taken.has(port)) return ok(port);
  }
  return problem(
    "port-in-use",
    `no free port after ${PORT_TRIES} tries`,
    "end what uses so many ports on 127.0.0.1",
  );
}

/** Of the dead ones of a release only the newest is shown, so only that one is kept. */
async function removeOlder(room: Room, seen: readonly Seen[], newest: InstanceRecord): Promise<void> {
  for (const { record, alive } of seen) {
    const sameKind = record.service === newest.service && record.release === newest.release;
    if (sameKind && record.id !== newest.id && alive.length === 0)
      await removeRecord(room.deps.files, room.where, record.id);
  }
}

/** Live ones, and of each release the newest dead one; newest first. */
export async function listInstances(room: Room, service: string): Promise<Result<readonly Instance[]>> {
  const all = await room.look("quick");
  if (!all.ok) return all;
  const ours = all.value.filter(({ record }) => record.service === service);
  const instances: Instance[] = [];
  const deadShown = new Set<string>();
  for (const { record, main } of ours) {
    if (main === null) {
      if (deadShown.has(record.release) || !(await everRan(room, record))) continue;
      deadShown.add(record.release);
    }
    const instance = await instanceOf(room, record, main === null ? "exited" : "running");
    if (!instance.ok) return instance;
    instances.push(instance.value);
  }
  return ok(instances);
}

/** A record alone may be of a start that never came to spawn. */
async function everRan(room: Room, record: InstanceRecord): Promise<boolean> {
  if (record.process !== null) return true;
  const log = await room.deps.files.stat(room.where.log(record.id));
  return log.ok && log.value !== null;
}

async function instanceOf(
  room: Room,
  record: InstanceRecord,
  state: Instance["state"],
): Promise<Result<Instance>> {
  const { deps, where } = room;
  const { id, service, release, op, port } = record;
  const secrets = await deps.files.read(where.envFile(release, service));
  if (!secrets.ok && secrets.error.code !== "missing") return secrets;
  const redact = redactor(secrets.ok ? readEnvText(secrets.value.toString("utf8")) : {});
  const lines = await lastLines(deps.files, where.log(id), redact);
  if (!lines.ok) return lines;
  const url = `http://127.0.0.1:${port}`;
  return ok({ id, service, release, op, url, state, health: "unsaid", lastLines: lines.value });
}
