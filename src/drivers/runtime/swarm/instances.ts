// The copies of a service that the swarm runs, as instances of releases.
import type { Release } from "../../../core/release.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Host } from "../../../ports/host.ts";
import type { Instance } from "../../../ports/runtime.ts";
import { redactor } from "../process/redact.ts";
import { filters, nodes, type SwarmNode, type SwarmTask, service as serviceShape, tasks } from "./api.ts";
import { engineName, labels, type SwarmConfig, type SwarmDeps, type SwarmLayout } from "./config.ts";
import type { Engine } from "./engine.ts";
import { readDocument, storedReleases } from "./store.ts";

/** Logs come from the node itself: one that is lost never answers. */
const logMs = 5_000;
const logLines = 20;
const lineCharacters = 500;

/** Live copies, and the newest dead one of each release; newest first. Empty where the swarm has no such service. */
export async function listCopies(
  config: SwarmConfig,
  deps: SwarmDeps,
  where: SwarmLayout,
  engine: Engine,
  service: string,
): Promise<Result<readonly Instance[]>> {
  const name = engineName(config.stackName, service);
  const [now, all, machines] = await Promise.all([
    engine.get(`/services/${name}`, serviceShape),
    engine.get("/tasks", tasks, filters({ service: [name] })),
    engine.get("/nodes", nodes),
  ]);
  if (!now.ok) return now;
  if (now.value.value === null) return ok([]);
  if (!all.ok) return all;
  if (!machines.ok) return machines;
  const op = now.value.value.Spec.Labels?.[labels.op] ?? "";
  const current = now.value.value.Spec.Labels?.[labels.release] ?? "";
  const redact = await redactorOf(deps, where, service);
  if (!redact.ok) return redact;
  const shown = toShow(all.value.value ?? []);
  const copies = shown.map(async (task): Promise<Instance> => {
    const release = releaseOf(task);
    const lost = isLost(task, machines.value.value ?? []);
    const state = task.Status.State === "running" && !lost ? "running" : "exited";
    return {
      id: task.ID,
      service,
      release,
      url: urlOf(task, machines.value.value ?? []),
      op: release === current ? op : "",
      state,
      // The engine calls a copy running only once its healthcheck said so.
      health: state === "running" ? "healthy" : "unhealthy",
      lastLines: await lastLines(config, deps.host, task, lost, redact.value),
    };
  });
  return ok(await Promise.all(copies));
}

/** Release that a copy belongs to; empty where it is none of ours. */
export function releaseOf(task: SwarmTask): string {
  return task.Spec.ContainerSpec.Labels?.[labels.release] ?? "";
}

/** Still starting counts as neither: it is not there yet. */
function toShow(all: readonly SwarmTask[]): readonly SwarmTask[] {
  const newestFirst = [...all].sort((a, b) => b.Status.Timestamp.localeCompare(a.Status.Timestamp));
  const dead = new Set<string>();
  return newestFirst.filter((task) => {
    if (task.Status.State === "running") return true;
    if (!["failed", "rejected", "complete", "shutdown", "orphaned"].includes(task.Status.State)) return false;
    if (dead.has(releaseOf(task))) return false;
    dead.add(releaseOf(task));
    return true;
  });
}

/** A node that nobody hears from: what it last said of its copies says nothing of now. */
export function isLost(task: SwarmTask, machines: readonly SwarmNode[]): boolean {
  return machines.find((one) => one.ID === task.NodeID)?.Status.State === "down";
}

/** Only ports in host mode lead to this one copy. */
function urlOf(task: SwarmTask, machines: readonly SwarmNode[]): string | null {
  const port = task.Status.PortStatus?.Ports?.find(
    (one) => one.PublishMode === "host" && one.Protocol !== "udp",
  );
  const address = machines.find((one) => one.ID === task.NodeID)?.Status.Addr;
  if (!port?.PublishedPort || !address) return null;
  const host = address.includes(":") ? `[${address}]` : address;
  return `http://${host}:${port.PublishedPort}`;
}

async function lastLines(
  config: SwarmConfig,
  host: Host,
  task: SwarmTask,
  lost: boolean,
  redact: (text: string) => string,
): Promise<readonly string[]> {
  const why = task.Status.Err ? [redact(task.Status.Err)] : [];
  if (lost || task.Status.State === "running") return why;
  const ended = await host.run({
    argv: ["docker", "service", "logs", "--raw", "--no-trunc", "--tail", String(logLines), task.ID],
    effect: "read",
    op: null,
    timeoutMs: logMs,
    env: { DOCKER_HOST: `unix://${config.socket}`, DOCKER_CONTEXT: "" },
  });
  if (!ended.ok || ended.value.exitCode !== 0) return why;
  const lines = redact(`${ended.value.stdout}${ended.value.stderr}`)
    .split("\n")
    .filter((line) => line !== "");
  return [...lines.slice(-logLines).map((line) => line.slice(0, lineCharacters)), ...why];
}

/** Every value of every stored release's environment counts as a secret: in a stack file there is no telling them apart. */
export async function redactorOf(
  deps: Pick<SwarmDeps, "files">,
  where: SwarmLayout,
  service: string,
): Promise<Result<(text: string) => string>> {
  const stored = await storedReleases(deps.files, where);
  if (!stored.ok) return stored;
  const values: Record<string, string> = {};
  for (const release of stored.value) {
    for (const [index, [name, value]] of (await envOf(deps, where, release, service)).entries()) {
      values[`${name}#${release.id}#${index}`] = value;
    }
  }
  return ok(redactor(values));
}

async function envOf(
  deps: Pick<SwarmDeps, "files">,
  where: SwarmLayout,
  release: Release,
  service: string,
): Promise<readonly (readonly [string, string])[]> {
  const all = await readDocument(deps.files, where, release);
  if (!all.ok) return [];
  return (all.value.services[service]?.TaskTemplate.ContainerSpec.Env ?? []).map((line) => {
    const [name = "", ...rest] = line.split("=");
    return [name, rest.join("=")] as const;
  });
}
