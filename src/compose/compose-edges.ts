// Edges of a Docker Compose stack: our proxy in a container of its own for each service that gets requests.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "../config/schema.ts";
import { type Release, routedOf } from "../core/release.ts";
import { assert, ok } from "../core/result.ts";
import type { Docker } from "../drivers/docker/cli.ts";
import { composeSpecOf } from "../drivers/runtime/compose/spec.ts";
import { accessSignals } from "../drivers/signals/log/access.ts";
import { type EdgeConfig, type EdgeTraffic, edgeTraffic } from "../drivers/traffic/edge/edge.ts";
import { proxyPaths } from "../drivers/traffic/proxy/files.ts";
import { clientKeyOf } from "./edges.ts";
import type { Edges, Wiring } from "./wiring.ts";

export type EdgeSection = Extract<NonNullable<Environment["traffic"]>, { kind: "edge" }>;
/** `traffic` null: nothing was said of the edges. */
export type EdgeWiring = Wiring & { readonly traffic: EdgeSection | null };

export type StackEdges = Edges & {
  edge(service: string): EdgeTraffic;
  configOf(service: string): EdgeConfig;
};

type Made = { readonly key: string; readonly edge: EdgeTraffic; readonly config: EdgeConfig };

/** Where an edge stands is what its service's release says: names, networks, published ports. */
export function stackEdges(wiring: EdgeWiring, docker: Docker): StackEdges {
  const { machine, places } = wiring;
  const made = new Map<string, Made>();
  const coming = new Map<string, Release>();
  /**
   * The oldest release that has it: an edge stands where it was first put, whatever later releases say of their
   * ports. Others (nginx, a host port) know it by that place.
   */
  const releaseOf = (service: string) => {
    const found = wiring.known().findLast((one) => one.services[service]?.routed) ?? coming.get(service);
    assert(found, `no release has a service ${service} behind an edge`);
    return found;
  };
  const of = (service: string) => {
    const config = edgeConfig(wiring, service, releaseOf(service));
    const key = JSON.stringify(config);
    const known = made.get(service);
    if (known?.key === key) return known;
    const deps = {
      docker,
      host: machine.host,
      files: machine.files,
      clock: machine.clock,
      http: machine.http,
      node: machine.node,
      ...ourFiles(),
      ours: machine.here,
      say: () => undefined,
    };
    const fresh = { key, config, edge: edgeTraffic(config, deps) };
    made.set(service, fresh);
    return fresh;
  };
  return {
    edge: (service) => of(service).edge,
    configOf: (service) => of(service).config,
    traffic: (service) => of(service).edge,
    signals: (service) => [
      accessSignals(accessOf(service, places), {
        files: machine.files,
        http: machine.http,
        clock: machine.clock,
      }),
    ],
    async ensure(releases) {
      for (const release of releases) for (const service of routedOf(release)) coming.set(service, release);
      const services = [...new Set(releases.flatMap((release) => routedOf(release)))];
      const all = await Promise.all(services.map((service) => of(service).edge.ensure()));
      return all.find((one) => !one.ok) ?? ok(undefined);
    },
    async end(op) {
      const services = [...new Set(wiring.known().flatMap((release) => routedOf(release)))];
      const all = await Promise.all(services.map((service) => of(service).edge.shutDown(op)));
      return all.find((one) => !one.ok) ?? ok(undefined);
    },
  };
}

/** The edge's own settings file says where its socket is inside its container; here it is asked from outside. */
function accessOf(service: string, { edge, socketDir }: Wiring["places"]) {
  const proxyStateDir = join(edge, service);
  const paths = proxyPaths({ stateDir: proxyStateDir, socketDir });
  return { name: `access:${service}`, proxyStateDir, controlSocket: paths.ok ? paths.value.socket : null };
}

function edgeConfig(
  { config, env, places, traffic }: EdgeWiring,
  service: string,
  release: Release,
): EdgeConfig {
  const described = release.services[service];
  assert(described, `release ${release.id} has no service ${service}`);
  const spec = composeSpecOf(described);
  const [first, ...rest] = spec.networks;
  assert(
    first && spec.port !== null,
    `${service} has a port and a network, or no edge could stand before it`,
  );
  const published = spec.published.filter(
    ({ target, protocol }) => target === spec.port && protocol === "tcp",
  );
  return {
    app: config.app,
    env,
    project: spec.project,
    service,
    stateDir: join(places.edge, service),
    socketDir: places.socketDir,
    port: spec.port,
    networks: [first, ...rest],
    published: published.map(({ hostIp, hostPort }) => ({ hostIp, hostPort })),
    publicUrl: traffic?.publicUrl ?? null,
    labels: spec.routingLabels,
    ...(traffic && {
      clientKey: clientKeyOf(traffic.client),
      tuning: { holdMs: traffic.hold.ms, stopGraceMs: traffic.drain.ms },
    }),
  };
}

/** Files of ours that go into the image of an edge. */
function ourFiles() {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  return { proxyMain: at(`../proxy/main${extension}`), packageRoot: at("../..") };
}
