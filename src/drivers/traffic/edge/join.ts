// Gives a running edge its names and ports in the stack's networks: from then on requests arrive.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Docker } from "../../docker/cli.ts";
import { findContainers } from "../../docker/containers.ts";
import { foreignService, isUp, projectLabels } from "../../docker/foreign.ts";
import type { Container } from "../../docker/inspect.ts";
import { type EdgeNetwork, nameOf, networkArguments, waitingRoom } from "./config.ts";
import { act, look } from "./docker.ts";
import type { EdgePlace } from "./place.ts";

/** Says that this edge has its place: whoever makes it anew gives it that place again. */
const marker = "joined";

export async function wasJoined({ config, deps }: EdgePlace): Promise<Result<boolean>> {
  const stat = await deps.files.stat(join(config.stateDir, marker));
  return stat.ok ? ok(stat.value !== null) : stat;
}

export function forgetJoin({ config, deps }: EdgePlace): Promise<Result<void>> {
  return deps.files.remove(join(config.stateDir, marker));
}

/**
 * Every network of the service with all names, then out of the waiting room. What it serves already is not cut.
 * Engines leave half a connection behind where this fails over a port: see `takePlace`.
 */
export async function joinEdge(place: EdgePlace): Promise<Result<void>> {
  const { config, deps } = place;
  const { docker } = deps;
  const found = await look(docker, nameOf(config));
  if (!found.ok) return found;
  if (found.value === null)
    return problem("missing", `there is no edge ${nameOf(config)}`, "start the controller: it makes one");
  for (const network of config.networks) {
    const joined = await enter(docker, found.value, network);
    if (!joined.ok) return joined;
  }
  if (found.value.networks.some(({ name }) => name === waitingRoom(config))) {
    const left = await leave(docker, waitingRoom(config), found.value.name);
    if (!left.ok) return left;
  }
  const was = await wasJoined(place);
  if (!was.ok || was.value) return was.ok ? ok(undefined) : was;
  return await deps.files.replace(join(config.stateDir, marker), "", 0o600);
}

/** Containers of the user's own that have the service's names now. */
export async function foreignOf(
  docker: Docker,
  project: string,
  service: string,
): Promise<Result<readonly Container[]>> {
  const found = await findContainers(docker, projectLabels(project));
  return found.ok ? ok(found.value.filter((one) => isUp(one) && foreignService(one) === service)) : found;
}

async function enter(docker: Docker, edge: Container, network: EdgeNetwork): Promise<Result<void>> {
  const now = edge.networks.find(({ name }) => name === network.name);
  if (now) {
    const isWhole =
      edge.addresses[network.name] !== undefined &&
      network.aliases.every((alias) => now.aliases.includes(alias));
    // A name that is missing in a network that it serves is told by `differences`: to leave would cut requests.
    if (isWhole || edge.addresses[network.name] !== undefined) return ok(undefined);
    const left = await leave(docker, network.name, edge.name);
    if (!left.ok) return left;
  }
  const args = ["network", "connect", ...networkArguments(network), network.name, edge.name];
  const joined = await act(docker, args);
  return joined.ok ? ok(undefined) : joined;
}

async function leave(docker: Docker, network: string, name: string): Promise<Result<void>> {
  const left = await act(docker, ["network", "disconnect", "--force", network, name]);
  return left.ok || /is not connected to (the )?network/i.test(left.error.what) ? ok(undefined) : left;
}
