// The user's own nginx or HAProxy as the switch: one driver a service, over the machine that it runs on.
import type { Environment } from "../config/schema.ts";
import { nginxName } from "../config/sections/nginx.ts";
import { ok, type Result } from "../core/result.ts";
import { logSignals } from "../drivers/signals/log/log.ts";
import { type HaproxyTraffic, haproxyTraffic } from "../drivers/traffic/haproxy/haproxy.ts";
import {
  inContainer,
  type NginxTraffic,
  nginxTraffic,
  onHost,
  privateNetworks,
} from "../drivers/traffic/nginx/nginx.ts";
import type { Signals } from "../ports/signals.ts";
import { foldRoute } from "../proxy/access-line.ts";
import type { Machine } from "./machine.ts";
import type { Edges } from "./wiring.ts";

type Section<K extends string> = Extract<NonNullable<Environment["traffic"]>, { kind: K }>;
type Nginx = Section<"nginx">;
type Haproxy = Section<"haproxy">;

export function nginxEdges(env: string, section: Nginx, machine: Machine): Edges {
  const edges = byService((service) => nginxOf(env, service, section, machine));
  return {
    ...edges,
    signals: (service) =>
      section.accessLog === undefined ? [] : [logOf(service, section.accessLog, edges.of(service), machine)],
  };
}

export function haproxyEdges(env: string, section: Haproxy, machine: Machine): Edges {
  return { ...byService((service) => haproxyOf(env, service, section, machine)), signals: () => [] };
}

/** Made once for each service that is asked for. It is the user's program: we neither start nor end it. */
function byService<T extends NginxTraffic | HaproxyTraffic>(make: (service: string) => T) {
  const made = new Map<string, T>();
  const of = (service: string): T => {
    const known = made.get(service) ?? make(service);
    made.set(service, known);
    return known;
  };
  return {
    of,
    traffic: of,
    async ensure(releases: Parameters<Edges["ensure"]>[0]): Promise<Result<void>> {
      const services = new Set(releases.flatMap((release) => Object.keys(release.services)));
      for (const service of services) {
        const there = await of(service).ensure();
        if (!there.ok) return there;
      }
      return ok(undefined);
    },
    end: async () => ok(undefined),
  };
}

function nginxOf(env: string, service: string, section: Nginx, machine: Machine): NginxTraffic {
  const { files, http, clock, host } = machine;
  const [program, ...rest] = section.command ?? [];
  const command = program === undefined ? undefined : ([program, ...rest] as const);
  const { container, include, first } = section;
  return nginxTraffic(
    {
      name: nginxName(env, service),
      folder: include,
      folderInside: section.includeInside ?? include,
      url: section.url,
      hostHeader: section.host ?? null,
      switchBy: section.switch,
      inPlace: section.mount === "file",
      initial: first === undefined ? null : `${first.host}:${first.port}`,
      askFrom: [...section.askFrom, ...(container === undefined ? [] : privateNetworks)],
      commands: container === undefined ? onHost(command) : inContainer(container),
    },
    { host, files, http, clock },
  );
}

function haproxyOf(env: string, service: string, section: Haproxy, machine: Machine): HaproxyTraffic {
  const { files, http, clock, host, sockets } = machine;
  const { socket, address, backend, folder, url } = section;
  const place =
    socket === undefined ? { host: address?.host ?? "", port: address?.port ?? 0 } : { path: socket };
  return haproxyTraffic(
    { name: nginxName(env, service), socket: place, backend, folder, url, hostHeader: section.host ?? null },
    { host, files, http, clock, sockets },
  );
}

function logOf(
  service: string,
  log: NonNullable<Nginx["accessLog"]>,
  edge: NginxTraffic,
  { files, clock }: Machine,
): Signals {
  const { path, format, client = null } = log;
  const routes = async () => {
    const all = await edge.history();
    if (!all.ok) return all;
    const switches = all.value.filter((one) => !one.fence);
    return ok(
      switches.map(({ backend, atMs }) => ({
        release: backend?.release ?? null,
        url: backend?.url ?? null,
        fromMs: atMs,
      })),
    );
  };
  const made = logSignals(
    {
      name: `access:${service}`,
      path,
      format: format === "combined" ? "combined" : { nginx: { format, escape: log.escape, client } },
    },
    { files, clock, foldRoute, routes },
  );
  return made.ok ? made.value : blindLog(service, made.error.what);
}

/** A format that can't be read is said by the watch: it is blind, and says why. */
function blindLog(service: string, why: string): Signals {
  return {
    name: `access:${service}`,
    about: "requests",
    position: async () => ok(null),
    observe: async () => ok({ observations: [], next: null, unparsed: 0, blind: why }),
  };
}
