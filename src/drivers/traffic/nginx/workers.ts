// nginx's processes and connections, as its host sees them.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Host } from "../../../ports/host.ts";
import { look } from "../target/act.ts";
import type { NginxCommands } from "./place.ts";

export type Workers = {
  readonly master: number;
  /** Those that take new requests; one that shuts down has closed its listening sockets. */
  readonly active: readonly number[];
};

/** `worker`: a pid that nginx itself gave, to tell it from other nginx masters of the host. */
export async function workersOf(
  host: Host,
  commands: NginxCommands,
  worker: number,
): Promise<Result<Workers>> {
  const printed = await look(host, commands.processes);
  if (!printed.ok) return printed;
  const rows = printed.value.stdout
    .split("\n")
    .map(rowOf)
    .filter((row) => row !== null);
  const asked = commands.otherPids
    ? rows.find((row) => isWorker(row.args))
    : rows.find((row) => row.pid === worker);
  if (!asked) return notThere(host.name);
  const active = rows.filter((row) => row.parent === asked.parent && takesRequests(row.args));
  return ok({ master: asked.parent, active: active.map((row) => row.pid) });
}

type Row = { readonly pid: number; readonly parent: number; readonly args: string };

function rowOf(line: string): Row | null {
  const [, pid, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
  return args === undefined ? null : { pid: Number(pid), parent: Number(parent), args };
}

function isWorker(args: string): boolean {
  return args.startsWith("nginx: worker process");
}

function takesRequests(args: string): boolean {
  return isWorker(args) && !args.includes("is shutting down");
}

function notThere(where: string): Result<never> {
  return problem(
    "failed",
    "nginx answers, but its worker processes are not to be found",
    "check that the address and the container or host in the config belong to the same nginx",
    where,
  );
}

/** States of /proc/net/tcp in which a request may still be under way: established, being opened, half closed. */
const openStates = new Set(["01", "02", "08"]);

/** Connections to `address` (`host:port`) in the network of process `pid`. A host name counts by its port alone. */
export async function connectionsTo(host: Host, pid: number, address: string): Promise<Result<number>> {
  const printed = await look(host, ["cat", `/proc/${pid}/net/tcp`, `/proc/${pid}/net/tcp6`]);
  if (!printed.ok) return printed;
  const [wanted, port] = hexAddress(address);
  let open = 0;
  for (const line of printed.value.stdout.split("\n")) {
    const [, , remote = "", state = ""] = line.trim().split(/\s+/);
    if (!openStates.has(state)) continue;
    const [ip, remotePort] = remote.split(":");
    if (remotePort === port && (wanted === null || ip === wanted || ip === mapped + wanted)) open += 1;
  }
  return ok(open);
}

/** `::ffff:` as the kernel prints it. */
const mapped = "0000000000000000FFFF0000";

/** IPv4 in the order of the kernel's print (little-endian machines, which is all we run on). */
function hexAddress(address: string): readonly [string | null, string] {
  const colon = address.lastIndexOf(":");
  const port = Number(address.slice(colon + 1))
    .toString(16)
    .toUpperCase()
    .padStart(4, "0");
  const parts = address.slice(0, colon).split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part))) return [null, port];
  const hex = parts.toReversed().map((part) => part.toString(16).toUpperCase().padStart(2, "0"));
  return [hex.join(""), port];
}
