// What a watch of a release listens to: the requests at its edges, our own probes of its instances, and what there is
// of the whole environment.
import type { Settings } from "../app/app.ts";
import type { Environment } from "../config/schema.ts";
import { limits } from "../core/limits.ts";
import { type Release, routedOf } from "../core/release.ts";
import { probeSignals } from "../drivers/signals/probe.ts";
import type { Signals } from "../ports/signals.ts";
import type { World } from "../ports/world.ts";
import type { Machine } from "./machine.ts";
import type { Edges } from "./wiring.ts";

type Swarm = Extract<NonNullable<Environment["stack"]>, { runtime: "swarm" }>;

export type Around = {
  readonly section: Environment;
  readonly settings: Settings;
  readonly world: World;
  readonly edges: Edges;
  readonly machine: Machine;
  /** What is listened to whichever release serves. */
  lasting(): readonly Signals[];
};

export function signalsOf(release: Release, around: Around): readonly Signals[] {
  const { stack } = around.section;
  if (stack?.runtime === "swarm") return [...meshProbes(release, stack, around), ...around.lasting()];
  const own = routedOf(release).flatMap((service) => [
    ...around.edges.signals(service),
    ...probesOf(release, service, around),
  ]);
  return [...own, ...around.lasting()];
}

/** Where the platform alone knows how a service is, there is nothing to ask over HTTP. */
function probesOf(
  release: Release,
  service: string,
  { settings, world, machine }: Around,
): readonly Signals[] {
  const path = release.services[service]?.health.path ?? null;
  if (path === null) return [];
  const { http, clock } = machine;
  const probe = {
    name: `probe:${service}`,
    release: release.id,
    url: urlOf(world, service, release.id),
    path,
    intervalMs: settings.watch.checkMs,
    timeoutMs: limits.probeTimeoutMs,
  };
  return [probeSignals(probe, { http, clock })];
}

/** The platform's mesh leads to any copy: it is asked through a published port, as users do. */
function meshProbes(release: Release, stack: Swarm, { settings, machine }: Around): readonly Signals[] {
  const { http, clock } = machine;
  return Object.entries(stack.services).flatMap(([service, { health, probe }]) => {
    if (health === undefined || probe === undefined || !release.services[service]) return [];
    const url = async () => probe;
    const timing = { intervalMs: settings.watch.checkMs, timeoutMs: limits.probeTimeoutMs };
    const config = { name: `probe:${service}`, release: release.id, url, path: health, ...timing };
    return [probeSignals(config, { http, clock })];
  });
}

/**
 * Probes ask the instance itself: the edge may be what is broken. A look that fails says nothing about the
 * instance, so the address that is known is asked on.
 */
function urlOf(world: World, service: string, release: string): () => Promise<string | null> {
  let known: string | null = null;
  return async () => {
    const all = await world.runtime.instances(service);
    if (all.ok)
      known = all.value.find((one) => one.release === release && one.state === "running")?.url ?? null;
    return known;
  };
}
