// What stands in front of an environment's services: one edge a service, by the kind that the config names.
import { fileURLToPath } from "node:url";
import type { Environment } from "../config/schema.ts";
import { Bug, ok } from "../core/result.ts";
import { accessSignals } from "../drivers/signals/log/access.ts";
import { proxyTraffic } from "../drivers/traffic/proxy/proxy.ts";
import { haproxyEdges, nginxEdges } from "./host-edges.ts";
import type { Machine } from "./machine.ts";
import type { Edges, Places } from "./wiring.ts";

export function edgesOf(env: string, { traffic }: Environment, places: Places, machine: Machine): Edges {
  if (traffic?.kind === "nginx") return nginxEdges(env, traffic, machine);
  if (traffic?.kind === "haproxy") return haproxyEdges(env, traffic, machine);
  if (traffic?.kind === "proxy") return proxyEdges(traffic, places, machine);
  return noEdges;
}

/** The platform's own mesh leads requests to the copies: there is nothing of ours to switch. */
const noEdges: Edges = {
  traffic: (service) => {
    throw new Bug(`nothing of ours stands in front of ${service}`);
  },
  signals: () => [],
  ensure: async () => ok(undefined),
  end: async () => ok(undefined),
};

type Proxy = Extract<NonNullable<Environment["traffic"]>, { kind: "proxy" }>;

/** One process of this machine in front of the one service that gets requests. */
function proxyEdges(traffic: Proxy, places: Places, machine: Machine): Edges {
  const { files, processes, clock, http, node, baseEnv } = machine;
  const config = {
    stateDir: places.edge,
    listen: traffic.listen,
    clientKey: clientKeyOf(traffic.client),
    socketDir: places.socketDir,
    tuning: { holdMs: traffic.hold.ms, stopGraceMs: traffic.drain.ms },
  };
  const deps = { files, processes, clock, http, node, baseEnv, proxyMain: beside("../proxy/main") };
  const proxy = proxyTraffic(config, deps);
  const access = accessSignals({ proxyStateDir: places.edge }, { files, http, clock });
  return {
    traffic: () => proxy,
    signals: () => [access],
    ensure: () => proxy.ensure(),
    end: (op) => proxy.shutDown(op),
  };
}

/** What tells one client from another. */
export function clientKeyOf({ header, cookie }: Proxy["client"]) {
  return { ...(header === undefined ? {} : { header }), ...(cookie === undefined ? {} : { cookie }) };
}

/** A file of ours, in source form when we run from source and compiled when we are installed. */
function beside(path: string): string {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  return fileURLToPath(new URL(path + extension, import.meta.url));
}
