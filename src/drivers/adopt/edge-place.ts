// Where the edge of a service stands, from the user's own compose file: its networks, names and published ports. Pure.
import { ok, problem, type Result } from "../../core/result.ts";
import { engineName, type ServiceModel, type StackModel } from "../docker/stack-model.ts";
import type { EdgeNetwork, PublishedPort } from "../traffic/edge/config.ts";

export type EdgeStand = {
  readonly networks: readonly [EdgeNetwork, ...EdgeNetwork[]];
  readonly published: readonly PublishedPort[];
  /** What the edge can't take over, for a person. */
  readonly says: readonly string[];
};

/** `port`: the one inside that answers requests. */
export function edgeStand(stack: StackModel, service: string, port: number): Result<EdgeStand> {
  const model = stack.services[service];
  if (!model)
    return problem(
      "config",
      `the compose file has no service ${service}`,
      "correct its name in lastgood.yml",
    );
  if (model.network_mode) {
    const what = `${service} has network_mode ${model.network_mode}, so no edge can stand in its place`;
    return problem(
      "config",
      what,
      "give it a network of its own, or let a proxy of kind nginx or proxy stand in front of it",
    );
  }
  const [first, ...rest] = networksOf(stack, service, model);
  if (!first) return problem("config", `${service} is in no network`, "give it one in the compose file");
  const { published, says } = portsOf(model, service, port);
  return ok({ networks: [first, ...rest], published, says });
}

function networksOf(stack: StackModel, service: string, model: ServiceModel): readonly EdgeNetwork[] {
  const named = model.container_name ? [model.container_name] : [];
  return Object.entries(model.networks ?? { default: null }).map(([key, own]) => ({
    name: engineName(stack, stack.networks, key),
    aliases: [...new Set([service, ...named, ...(own?.aliases ?? [])])],
    ip: own?.ipv4_address ?? null,
  }));
}

function portsOf(model: ServiceModel, service: string, port: number) {
  const published: PublishedPort[] = [];
  const says: string[] = [];
  for (const { target, published: host, host_ip: hostIp, protocol } of model.ports ?? []) {
    if (protocol !== "tcp" || target !== port) {
      says.push(`port ${target}/${protocol} of ${service} is not carried by the edge: only ${port} is`);
    } else if (!host || !/^\d+$/.test(host)) {
      says.push(
        `${service} publishes ${port} at ${host ? `one of ${host}` : "any free port"}: the edge has no port on the host`,
      );
    } else published.push({ hostIp: hostIp ?? "", hostPort: Number(host) });
  }
  return { published, says };
}
