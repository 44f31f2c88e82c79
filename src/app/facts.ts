// What a planner must know, asked of the target itself rather than remembered.

import type { EnvState } from "../core/env-state.ts";
import type { PlanFacts } from "../core/plan/facts.ts";
import { type Release, servicesOf } from "../core/release.ts";
import { ok, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import type { App, Site } from "./app.ts";
import { lookAtServices, routedTo, type ServiceNow } from "./serving.ts";

export async function gatherFacts(
  app: App,
  site: Site,
  target: Release,
  why: string,
): Promise<Result<PlanFacts>> {
  const { settings, world } = site;
  const env = envState(app.deps.ledger.state(), settings.env);
  const now = await lookAtServices(world, env, target);
  if (!now.ok) return now;
  const from = await servesNow(site, env, now.value);
  if (!from.ok) return from;
  return ok({
    app: settings.app,
    env: settings.env,
    target,
    from: from.value,
    warm: warmServices(target, now.value),
    style: world.rollout ? "in-place" : "beside",
    hasDatabase: await databasePresent(site),
    stores: storesToKeep(site),
    tasks: settings.tasks,
    smoke: settings.smoke,
    flows: settings.flows ?? [],
    flowsSeen: env.releases[target.id]?.flows ?? [],
    drainMs: settings.drainMs,
    why,
  });
}

/** The release that answers requests now; null where its instances are gone, or nothing was ever deployed. */
async function servesNow(
  { world }: Site,
  env: EnvState,
  now: readonly ServiceNow[],
): Promise<Result<Release | null>> {
  if (world.rollout) return rolledOut(world.rollout, env, now);
  const id = routedTo(now);
  const release = id === null ? null : (env.releases[id]?.release ?? null);
  const answers = now.some(({ route, live }) =>
    live.some((one) => one.release === id && one.id === route?.backend?.instance),
  );
  return ok(answers ? release : null);
}

async function rolledOut(
  rollout: NonNullable<Site["world"]["rollout"]>,
  env: EnvState,
  now: readonly ServiceNow[],
): Promise<Result<Release | null>> {
  for (const { service } of now) {
    const state = await rollout.now(service);
    if (!state.ok && state.error.code !== "missing") return state;
    const id = state.ok && state.value.running > 0 ? state.value.release : null;
    if (id !== null && env.releases[id]) return ok(env.releases[id].release);
  }
  return ok(null);
}

function warmServices(target: Release, now: readonly ServiceNow[]): readonly string[] {
  return servicesOf(target, "app").filter((service) =>
    now.some((one) => one.service === service && one.live.some((each) => each.release === target.id)),
  );
}

function storesToKeep({ stores = {}, settings }: Site): readonly string[] {
  const due = Object.entries(stores).filter(
    ([, { snapshot }]) =>
      snapshot === "before-deploy" || (snapshot === "before-tasks" && settings.tasks.length > 0),
  );
  return due.map(([name]) => name);
}

/**
 * Before the first release there may be no database yet: then there is nothing to back up. One that is damaged or does
 * not answer is there: a deploy then fails at its restore point, and no way back is kept from beginning.
 */
async function databasePresent({ world }: Site): Promise<boolean> {
  const marker = await world.database?.marker();
  return marker !== undefined && (marker.ok || marker.error.code !== "missing");
}
