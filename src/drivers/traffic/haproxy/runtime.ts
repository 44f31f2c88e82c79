// HAProxy's runtime socket: commands out, tables back.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { StreamAddress, StreamSocket } from "../../../ports/stream-socket.ts";

export type HaproxyConfig = {
  /** Unique on this HAProxy: names the map, the records and the state file. */
  readonly name: string;
  /** The runtime socket, `level admin`. */
  readonly socket: StreamAddress;
  /** The backend whose servers are ours: all of them are slots. */
  readonly backend: string;
  /** Our folder on HAProxy's machine; absolute. */
  readonly folder: string;
  /** How requests reach it, such as `http://127.0.0.1:80`. */
  readonly url: string;
  readonly hostHeader: string | null;
};

export type Slot = {
  readonly name: string;
  /** `host:port` */
  readonly address: string;
  /** Takes new requests. */
  readonly ready: boolean;
};

export type Seen = {
  /** Number of the change in HAProxy's memory; 0 before the first. */
  readonly seq: number;
  /** Name of the slot that gets new requests; null: none does. */
  readonly current: string | null;
  /** Release by slot. */
  readonly releases: ReadonlyMap<string, string>;
  readonly slots: readonly Slot[];
};

export const keys = { seq: "lastgood-seq", current: "lastgood-current" } as const;
/** Stands where there is nothing: a map has no empty values. */
export const none = "-";
const askMs = 2_000;
const running = "2";
/** This bit of the admin state stays when a server that its config disables was made ready: it is but a memory. */
const disabledInConfig = 0x04;

export function mapFile({ folder, name }: HaproxyConfig): string {
  return `${folder}/${name}.map`;
}

/** One line of commands; they run one after the other without anything of HAProxy's in between. */
export async function say(
  sockets: StreamSocket,
  { socket }: HaproxyConfig,
  commands: readonly string[],
): Promise<Result<string>> {
  return sockets.ask(socket, `${commands.join(";")}\n`, askMs);
}

export async function seeHaproxy(sockets: StreamSocket, config: HaproxyConfig): Promise<Result<Seen>> {
  const slots = await slotsOf(sockets, config);
  if (!slots.ok) return slots;
  const map = await say(sockets, config, [`show map ${mapFile(config)}`]);
  if (!map.ok) return map;
  const entries = new Map<string, string>();
  for (const line of map.value.split("\n")) {
    const [, key, value] = /^0x[0-9a-f]+ (\S+) (\S+)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) entries.set(key, value);
  }
  const seq = entries.get(keys.seq);
  if (seq === undefined || !/^\d+$/.test(seq)) return noMap(config, map.value);
  const current = entries.get(keys.current) ?? none;
  return ok({
    seq: Number(seq),
    current: current === none ? null : current,
    releases: entries,
    slots: slots.value,
  });
}

export async function slotsOf(
  sockets: StreamSocket,
  config: HaproxyConfig,
): Promise<Result<readonly Slot[]>> {
  const printed = await say(sockets, config, [`show servers state ${config.backend}`]);
  if (!printed.ok) return printed;
  const slots = printed.value
    .split("\n")
    .map((line) => slotOf(line, config.backend))
    .filter((slot) => slot !== null);
  if (slots.length >= 2) return ok(slots);
  return problem(
    "config",
    `HAProxy's backend ${config.backend} has ${slots.length} servers; two are needed to switch between`,
    `write in that backend: server-template lastgood 1-4 127.0.0.1:1 disabled`,
    config.backend,
  );
}

function slotOf(line: string, backend: string): Slot | null {
  const [, be, , name, address, state, admin, ...rest] = line.trim().split(" ");
  const port = rest[11];
  if (be !== backend || name === undefined || port === undefined) return null;
  return {
    name,
    address: `${address}:${port}`,
    ready: (Number(admin) & ~disabledInConfig) === 0 && state === running,
  };
}

/** Sessions under way on each slot, by name. */
export async function sessionsOf(
  sockets: StreamSocket,
  config: HaproxyConfig,
): Promise<Result<ReadonlyMap<string, number>>> {
  const printed = await say(sockets, config, [`show stat ${config.backend} 4 -1`]);
  if (!printed.ok) return printed;
  const sessions = new Map<string, number>();
  for (const line of printed.value.split("\n")) {
    const [proxy, server, queued, , current] = line.split(",");
    if (proxy !== config.backend || server === undefined) continue;
    sessions.set(server, Number(queued) + Number(current));
  }
  return ok(sessions);
}

function noMap(config: HaproxyConfig, said: string): Result<never> {
  const map = mapFile(config);
  return problem(
    "config",
    `HAProxy does not use ${map} yet: ${said.trim().slice(0, 200)}`,
    `add to the backend ${config.backend}, once, then reload HAProxy: http-response set-header X-Lastgood-Release %[srv_name,map(${map})]`,
    map,
  );
}
