// A fresh instance of what serves: beside the old one where requests go to it, after it where it must not run twice.
import { limits } from "../core/limits.ts";
import type { Release } from "../core/release.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import type { Op } from "../ports/op.ts";
import type { Instance } from "../ports/runtime.ts";
import type { App, Site } from "./app.ts";

const pollMs = 50;
/** Docker and plain processes say "running" before the program had a chance to die. */
const unsaidMs = 2_000;

type Renewal = {
  readonly app: App;
  readonly site: Site;
  readonly release: Release;
  readonly service: string;
  readonly op: Op;
};

/** Null where the service is none of the release that serves: then it is restarted as it stands. */
export async function renewService(
  app: App,
  site: Site,
  service: string,
  op: Op,
): Promise<Result<string> | null> {
  const env = envState(app.deps.ledger.state(), site.settings.env);
  const release = env.serving === null ? undefined : env.releases[env.serving]?.release;
  const spec = release?.services[service];
  if (!release || !spec || site.world.rollout) return null;
  const old = await site.world.runtime.instances(service);
  if (!old.ok) return old;
  const live = old.value.filter((one) => one.state === "running" && one.release === release.id);
  const renewal = { app, site, release, service, op };
  if (spec.class === "worker") return exchange(renewal, live, spec.stopGraceMs);
  return spec.routed
    ? switchOver(renewal, live, spec.stopGraceMs)
    : exchange(renewal, live, spec.stopGraceMs);
}

/** Nothing is touched until the new one is healthy; requests in flight end on the old one. */
async function switchOver(
  renewal: Renewal,
  live: readonly Instance[],
  graceMs: number,
): Promise<Result<string>> {
  const { site, service, op } = renewal;
  const traffic = site.world.traffic(service);
  const started = await startHealthy(renewal, graceMs);
  if (!started.ok) return started;
  const { id, release, url } = started.value;
  const route = await traffic.now();
  if (!route.ok) return route;
  if (url === null) return problem("failed", `${id} has no address`, "lastgood doctor");
  const backend = { release, instance: id, url };
  const changed = await traffic.change(op, route.value.generation, { backend, held: route.value.held });
  if (!changed.ok) {
    await site.world.runtime.stop(op, started.value, graceMs);
    return changed;
  }
  for (const one of live) {
    await drain(renewal, one);
    const stopped = await site.world.runtime.stop(op, one, graceMs);
    if (!stopped.ok) return stopped;
  }
  return ok("A fresh instance took over; no request was lost.");
}

async function exchange(
  renewal: Renewal,
  live: readonly Instance[],
  graceMs: number,
): Promise<Result<string>> {
  for (const one of live) {
    const stopped = await renewal.site.world.runtime.stop(renewal.op, one, graceMs);
    if (!stopped.ok) return stopped;
  }
  const started = await startHealthy(renewal, graceMs);
  return started.ok ? ok("It was stopped, and a fresh one runs.") : started;
}

async function startHealthy(renewal: Renewal, graceMs: number): Promise<Result<Instance>> {
  const { site, release, service, op } = renewal;
  const started = await site.world.runtime.start(op, service, release);
  if (!started.ok) return started;
  const healthy = await untilHealthy(renewal, started.value);
  if (healthy.ok) return ok(started.value);
  await site.world.runtime.stop(op, started.value, graceMs);
  return healthy;
}

async function untilHealthy(renewal: Renewal, instance: Instance): Promise<Result<void>> {
  const { app, site, release, service } = renewal;
  const { clock } = app.deps;
  const health = release.services[service]?.health;
  const began = clock.elapsed();
  const patienceMs = health?.timeoutMs ?? limits.healthDefaultMs;
  while (clock.elapsed() - began < patienceMs) {
    const all = await site.world.runtime.instances(service);
    const now = all.ok ? all.value.find((one) => one.id === instance.id) : undefined;
    if (now?.state === "exited") {
      const last = now.lastLines.at(-1) ?? "";
      return problem("unhealthy", `the fresh ${service} ended at once: ${last}`, `lastgood logs ${service}`);
    }
    if (now && (await isWell(renewal, now, clock.elapsed() - began))) return ok(undefined);
    await clock.sleep(health?.intervalMs ?? pollMs, app.stopping);
    if (app.stopping.aborted) return problem("cancelled", "the controller stops", "Say it again.");
  }
  return problem("unhealthy", `the fresh ${service} did not become healthy`, `lastgood logs ${service}`);
}

async function isWell({ site, release, service }: Renewal, now: Instance, forMs: number): Promise<boolean> {
  const path = release.services[service]?.health.path ?? null;
  if (path === null || now.url === null)
    return now.health === "healthy" || (now.health === "unsaid" && forMs >= unsaidMs);
  const url = `${now.url}${path}`;
  const answer = await site.world.http.request({ method: "GET", url, timeoutMs: limits.probeTimeoutMs });
  return answer.ok && answer.value.status >= 200 && answer.value.status < 300;
}

async function drain({ app, site, service }: Renewal, old: Instance): Promise<void> {
  const { clock } = app.deps;
  const until = clock.elapsed() + site.settings.drainMs;
  while (clock.elapsed() < until && !app.stopping.aborted) {
    const left = await site.world.traffic(service).inFlight(old.id);
    if (left.ok && left.value === 0) return;
    await clock.sleep(pollMs, app.stopping);
  }
}
