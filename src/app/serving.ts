// What the target itself says serves: never what we remember.
import type { EnvState } from "../core/env-state.ts";
import { type Release, routedOf, servicesOf } from "../core/release.ts";
import { ok, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import type { Instance } from "../ports/runtime.ts";
import type { RouteState } from "../ports/traffic.ts";
import type { World } from "../ports/world.ts";
import type { App } from "./app.ts";

export type ServiceNow = {
  readonly service: string;
  /** Null for what no edge stands in front of. */
  readonly route: RouteState | null;
  readonly live: readonly Instance[];
};

/** Names of all services that any known release has, newest release first. */
export function knownServices(env: EnvState, also: Release | null = null): readonly string[] {
  const releases = Object.values(env.releases)
    .toSorted((a, b) => b.madeAt - a.madeAt)
    .map((one) => one.release);
  const all = also ? [also, ...releases] : releases;
  return [...new Set(all.flatMap((release) => servicesOf(release)))];
}

/** Routes and live instances of all services, asked at the same time. The first look that fails is the answer. */
export async function lookAtServices(
  world: World,
  env: EnvState,
  also: Release | null = null,
): Promise<Result<readonly ServiceNow[]>> {
  const routed = routedNames(env, also);
  const looks = knownServices(env, also).map(async (service): Promise<Result<ServiceNow>> => {
    const [route, instances] = await Promise.all([
      routed.has(service) ? world.traffic(service).now() : ok(null),
      world.runtime.instances(service, "live"),
    ]);
    if (!route.ok) return route;
    if (!instances.ok) return instances;
    const live = instances.value.filter((instance) => instance.state === "running");
    return ok({ service, route: route.value, live });
  });
  const seen: ServiceNow[] = [];
  for (const look of await Promise.all(looks)) {
    if (!look.ok) return look;
    seen.push(look.value);
  }
  return ok(seen);
}

function routedNames(env: EnvState, also: Release | null): ReadonlySet<string> {
  const releases = Object.values(env.releases).map((one) => one.release);
  return new Set([...(also ? [also] : []), ...releases].flatMap((release) => routedOf(release)));
}

/** The release that the routes point at. Where they disagree (a run was cut short), what most of them say. */
export function routedTo(services: readonly ServiceNow[]): string | null {
  const votes = new Map<string, number>();
  for (const { route } of services) {
    const release = route?.backend?.release;
    if (release !== undefined) votes.set(release, (votes.get(release) ?? 0) + 1);
  }
  return [...votes].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

/** Each service that the release routes has its route on a live instance of it. */
export function answersFor(release: Release, services: readonly ServiceNow[]): boolean {
  return routedOf(release).every((name) => {
    const now = services.find((one) => one.service === name);
    return now?.live.some((one) => one.id === now.route?.backend?.instance) ?? false;
  });
}

/** All edges of all environments answer: what a controller needs to be able to act. */
export async function edgesAnswer(app: App): Promise<boolean> {
  const looks = [...app.sites.values()].map(({ settings, world }) =>
    lookAtServices(world, envState(app.deps.ledger.state(), settings.env)),
  );
  return (await Promise.all(looks)).every((look) => look.ok);
}
