// Traffic through an HAProxy that is there already, over its runtime socket.
import { join } from "node:path";
import { ok, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Traffic } from "../../../ports/traffic.ts";
import { addressOf } from "../target/address.ts";
import { openFolders } from "../target/next.ts";
import { type RouteRecord, targetRecords } from "../target/records.ts";
import { switchBy } from "../target/switch.ts";
import { type HaproxyConfig, keys, mapFile, none, seeHaproxy, sessionsOf, slotsOf } from "./runtime.ts";
import { agrees, type HaproxyDeps, mapText, saveState, slotMechanism } from "./slots.ts";

export type { HaproxyConfig } from "./runtime.ts";
export type { HaproxyDeps } from "./slots.ts";

export type HaproxyTraffic = Traffic & {
  /** Write our map where it is missing, and put the route back where HAProxy lost it. `config` tells the lines to add. */
  ensure(): Promise<Result<void>>;
  /** What was routed when, newest first. */
  history(): Promise<Result<readonly RouteRecord[]>>;
};

const releaseHeader = "x-lastgood-release";

export function haproxyTraffic(config: HaproxyConfig, deps: HaproxyDeps): HaproxyTraffic {
  const records = targetRecords(join(config.folder, config.name, "records"), deps);
  const mechanism = slotMechanism(config, deps);

  async function inFlight(instance: string): Promise<Result<number>> {
    const known = await records.all();
    if (!known.ok) return known;
    const backend = known.value.find((one) => one.backend?.instance === instance)?.backend;
    if (!backend) return ok(0);
    const address = addressOf(backend, true);
    if (!address.ok) return address;
    const slots = await slotsOf(deps.sockets, config);
    const sessions = await sessionsOf(deps.sockets, config);
    if (!slots.ok) return slots;
    if (!sessions.ok) return sessions;
    const its = slots.value.filter((slot) => slot.address === address.value);
    return ok(its.reduce((sum, { name }) => sum + (sessions.value.get(name) ?? 0), 0));
  }

  async function whoAnswers(path: string, timeoutMs: number) {
    const headers = config.hostHeader === null ? {} : { headers: { host: config.hostHeader } };
    const url = new URL(path, config.url).href;
    const answer = await deps.http.request({ method: "GET", url, timeoutMs, ...headers });
    if (!answer.ok) return answer;
    return ok({ release: answer.value.headers[releaseHeader] ?? null, status: answer.value.status });
  }

  /** After a restart without state: what its map says is put in effect again, without a new generation. */
  async function ensure(): Promise<Result<void>> {
    const op: Op = { id: "set-up", epoch: 0, signal: new AbortController().signal };
    const made = await makeMap(config, deps, op);
    if (!made.ok) return made;
    const seen = await seeHaproxy(deps.sockets, config);
    if (!seen.ok) return seen;
    if (agrees(seen.value)) return ok(undefined);
    const record = seen.value.seq === 0 ? null : await records.at(seen.value.seq);
    if (record && !record.ok) return record;
    const newest = await records.newest();
    if (!newest.ok) return newest;
    const before = record?.value ?? null;
    const again: RouteRecord = {
      seq: (newest.value?.seq ?? 0) + 1,
      generation: before?.generation ?? 0,
      op: before?.op ?? null,
      backend: before?.backend ?? null,
      epoch: newest.value?.epoch ?? 0,
      atMs: deps.clock.now(),
      fence: false,
    };
    for (const act of [mechanism.prepare, records.claim, mechanism.commit]) {
      const done = await act(op, again);
      if (!done.ok) return done;
    }
    return mechanism.prove(op, again, null);
  }

  return {
    ...switchBy(mechanism, { records, clock: deps.clock }),
    inFlight,
    whoAnswers,
    ensure,
    history: records.all,
  };
}

async function makeMap(config: HaproxyConfig, deps: HaproxyDeps, op: Op): Promise<Result<void>> {
  const there = await deps.files.stat(mapFile(config));
  if (!there.ok || there.value !== null) return there.ok ? ok(undefined) : there;
  const own = join(config.folder, config.name);
  const folders = await openFolders(deps, op, [config.folder, own, join(own, "records")]);
  if (!folders.ok) return folders;
  const entries = new Map([
    [keys.current, none],
    [keys.seq, "0"],
  ]);
  const written = await deps.files.replace(mapFile(config), mapText(entries), 0o644);
  if (!written.ok) return written;
  // HAProxy may not run yet: it does not start without the map and the state file.
  const state = await saveState(config, deps);
  if (state.ok || state.error.code !== "unreachable") return state;
  return deps.files.replace(join(config.folder, "servers.state"), "1\n", 0o644);
}
