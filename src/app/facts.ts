// What a planner must know, asked of the target itself rather than remembered.
import type { PlanFacts } from "../core/plan/facts.ts";
import type { Release } from "../core/release.ts";
import { ok, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import type { App, Site } from "./app.ts";

export async function gatherFacts(
  app: App,
  site: Site,
  target: Release,
  why: string,
): Promise<Result<PlanFacts>> {
  const { settings, world } = site;
  const env = envState(app.deps.ledger.state(), settings.env);
  const route = await world.traffic.now();
  if (!route.ok) return route;
  const instances = await world.runtime.instances(settings.service);
  if (!instances.ok) return instances;
  const present = await databasePresent(site);
  if (!present.ok) return present;
  const live = instances.value.filter((instance) => instance.state === "running");
  const { backend } = route.value;
  const serves = backend !== null && live.some((instance) => instance.id === backend.instance);
  const from = serves ? (env.releases[backend.release]?.release ?? null) : null;
  return ok({
    app: settings.app,
    env: settings.env,
    service: settings.service,
    target,
    from,
    targetWarm: live.some((instance) => instance.release === target.id),
    hasDatabase: present.value,
    smoke: settings.smoke,
    drainMs: settings.drainMs,
    why,
  });
}

/** Before the first release there may be no database yet: then there is nothing to back up. */
async function databasePresent({ world }: Site): Promise<Result<boolean>> {
  const marker = await world.database?.marker();
  if (!marker) return ok(false);
  if (!marker.ok) return marker.error.code === "missing" ? ok(false) : marker;
  return ok(true);
}
