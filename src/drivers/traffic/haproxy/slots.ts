// Switching HAProxy between the servers of a backend: one gets ready, the former drains, no reload.
//
// What was decided stands in HAProxy's own memory, in the map that also gives the release's name to the
// response; beside it in a file of the same content, which HAProxy reads when it starts.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import type { Op } from "../../../ports/op.ts";
import type { StreamSocket } from "../../../ports/stream-socket.ts";
import type { Target } from "../target/act.ts";
import { addressOf } from "../target/address.ts";
import { moveNext, nextName, sweepNext } from "../target/next.ts";
import type { RouteRecord } from "../target/records.ts";
import type { Mechanism } from "../target/switch.ts";
import {
  type HaproxyConfig,
  keys,
  mapFile,
  none,
  type Seen,
  say,
  seeHaproxy,
  sessionsOf,
} from "./runtime.ts";

export type HaproxyDeps = Target & {
  readonly sockets: StreamSocket;
  readonly http: HttpClient;
  readonly clock: Clock;
};

const proveMs = 3_000;
const provePollMs = 10;

export function slotMechanism(config: HaproxyConfig, deps: HaproxyDeps): Mechanism {
  const { sockets, files } = deps;
  const own = join(config.folder, config.name);
  const next = (op: Op, record: RouteRecord) => join(own, nextName(op, record));
  /** What `prepare` chose, for the `commit` that follows it. */
  const chosen = new Map<number, readonly string[]>();

  return {
    name: "HAProxy",
    live: () => live(config, deps),
    sweep: () => sweepNext(own, deps),
    async prepare(op, record) {
      const seen = await seeHaproxy(sockets, config);
      if (!seen.ok) return seen;
      const slot = await slotFor(config, deps, record, seen.value);
      if (!slot.ok) return slot;
      const entries = entriesOf(seen.value, record, slot.value);
      chosen.clear();
      chosen.set(record.seq, commandsOf(config, seen.value, entries, slot.value));
      return files.replace(next(op, record), mapText(entries), 0o644);
    },
    async commit(op, record) {
      const commands = chosen.get(record.seq) ?? [];
      const moved = await moveNext(next(op, record), mapFile(config), deps, op);
      if (!moved.ok) return moved;
      const said = await say(sockets, config, commands);
      return said.ok ? ok(undefined) : said;
    },
    async prove(op, record) {
      const proved = await prove(config, deps, op, record);
      return proved.ok ? saveState(config, deps) : proved;
    },
  };
}

type ChosenSlot = { readonly name: string; readonly address: string; readonly release: string } | null;

/** One that has this very address, or one on which nothing is under way; never the one that gets requests now. */
async function slotFor(
  config: HaproxyConfig,
  { sockets }: HaproxyDeps,
  { backend }: RouteRecord,
  { slots, current, releases }: Seen,
): Promise<Result<ChosenSlot>> {
  if (backend === null) return ok(null);
  const address = addressOf(backend, true);
  if (!address.ok) return address;
  const { release } = backend;
  const same = slots.find((one) => one.address === address.value && releases.get(one.name) === release);
  if (same) return ok({ name: same.name, address: address.value, release });
  const sessions = await sessionsOf(sockets, config);
  if (!sessions.ok) return sessions;
  const others = slots.filter(({ name }) => name !== current);
  const busy = (name: string) => sessions.value.get(name) ?? 0;
  const [free] = others.toSorted((a, b) => busy(a.name) - busy(b.name));
  if (free) return ok({ name: free.name, address: address.value, release });
  return problem(
    "config",
    `the backend ${config.backend} has no second server`,
    "give it at least two",
    config.backend,
  );
}

function entriesOf(
  { slots, releases }: Seen,
  { seq }: RouteRecord,
  slot: ChosenSlot,
): ReadonlyMap<string, string> {
  const entries = new Map<string, string>(slots.map(({ name }) => [name, releases.get(name) ?? none]));
  if (slot) entries.set(slot.name, slot.release);
  return entries.set(keys.current, slot?.name ?? none).set(keys.seq, String(seq));
}

export function mapText(entries: ReadonlyMap<string, string>): string {
  const lines = [...entries].map(([key, value]) => `${key} ${value}\n`);
  return `# Written by Lastgood. What is changed here by hand is lost.\n${lines.join("")}`;
}

/** The new server is ready before the old one stops taking requests: at every moment somebody answers. */
function commandsOf(
  config: HaproxyConfig,
  { slots, releases }: Seen,
  entries: ReadonlyMap<string, string>,
  slot: ChosenSlot,
): readonly string[] {
  const at = (name: string) => `${config.backend}/${name}`;
  const file = mapFile(config);
  // A key that HAProxy loaded is set; one that its file did not have yet is added.
  const entry = (key: string) =>
    `${releases.has(key) ? "set" : "add"} map ${file} ${key} ${entries.get(key)}`;
  const [host, port] = splitAddress(slot?.address ?? "");
  const ready =
    slot === null
      ? []
      : [
          entry(slot.name),
          ...(slots.some((one) => one.name === slot.name && one.address === slot.address)
            ? []
            : [`set server ${at(slot.name)} addr ${host} port ${port}`]),
          `set server ${at(slot.name)} state ready`,
        ];
  const others = slots.filter((one) => one.ready && one.name !== slot?.name);
  const drain = others.map((one) => `set server ${at(one.name)} state drain`);
  return [...ready, ...drain, entry(keys.current), entry(keys.seq)];
}

function splitAddress(address: string): readonly [string, string] {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon).replace(/^\[|\]$/g, ""), address.slice(colon + 1)];
}

/** The number in HAProxy's memory, where its servers are as that change left them. */
async function live(config: HaproxyConfig, { sockets }: HaproxyDeps): Promise<Result<number>> {
  const seen = await seeHaproxy(sockets, config);
  if (!seen.ok) return seen;
  if (agrees(seen.value)) return ok(seen.value.seq);
  const ready = seen.value.slots.filter((one) => one.ready).map((one) => one.name);
  return problem(
    "damaged",
    `HAProxy sends requests to ${ready.join(" and ") || "nobody"}, but the last switch was to ${seen.value.current ?? "nobody"}: it was restarted without its state, or changed by hand`,
    "restart Lastgood's controller: it puts the route back as it was left",
    config.backend,
  );
}

export function agrees({ slots, current }: Seen): boolean {
  return slots.every((one) => one.ready === (one.name === current));
}

async function prove(
  config: HaproxyConfig,
  deps: HaproxyDeps,
  op: Op,
  { seq }: RouteRecord,
): Promise<Result<void>> {
  const until = deps.clock.elapsed() + proveMs;
  for (;;) {
    const now = await live(config, deps);
    if (now.ok && now.value === seq) return ok(undefined);
    if (deps.clock.elapsed() >= until || op.signal.aborted) {
      return now.ok
        ? problem(
            "failed",
            `HAProxy is at change ${now.value}, not ${seq}`,
            "look into HAProxy's log",
            config.backend,
          )
        : now;
    }
    await deps.clock.sleep(provePollMs, op.signal);
  }
}

/** What HAProxy reads when it starts again (`server-state-file`): without it every server would be as in its config. */
export async function saveState(
  config: HaproxyConfig,
  { sockets, files }: HaproxyDeps,
): Promise<Result<void>> {
  const state = await say(sockets, config, ["show servers state"]);
  if (!state.ok) return state;
  return files.replace(join(config.folder, "servers.state"), `${state.value.trim()}\n`, 0o644);
}
