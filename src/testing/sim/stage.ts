// The scenes that plans start from: what runs, what is stored, what is journalled.

import { sha256 } from "../../core/digest.ts";
import type { NewEvent } from "../../core/event.ts";
import type { PlanFacts } from "../../core/plan/facts.ts";
import type { Plan, PlanKind } from "../../core/plan/plan.ts";
import {
  planDeploy,
  planFlagOff,
  planPausedDeploy,
  planRestore,
  planRetire,
  planRevive,
  planRollback,
} from "../../core/plan/plans.ts";
import { type Release, releaseId, routedOf, type ServiceSpec, servicesOf } from "../../core/release.ts";
import { newTarget, routeOf, type Target, type Temper } from "./target.ts";

export type Scene = {
  readonly kind: PlanKind;
  /** How the plan's target behaves once started. */
  readonly temper: Temper;
  /** The plan's target already runs. */
  readonly warm: boolean;
  /** Two services that answer requests and a worker, instead of one service. */
  readonly several?: boolean;
  /** A platform replaces the services in place; nothing starts beside, and no edge of ours stands in front. */
  readonly inPlace?: boolean;
};

export type Stage = {
  readonly target: Target;
  readonly plan: Plan;
  readonly facts: PlanFacts;
  /** What serves at the beginning. */
  readonly from: Release;
  readonly history: readonly NewEvent[];
  readonly several: boolean;
};

const env = "production";
export const simWorker = "worker";

/** One service `web`, or several: `api` and `web` with edges, and a worker. */
export function simRelease(version: string, several = false): Release {
  const digest = sha256(version);
  const health = { path: "/health", timeoutMs: 5_000, intervalMs: 500 };
  const app: ServiceSpec = { class: "app", routed: true, health, stopGraceMs: 1_000, spec: {} };
  const worker: ServiceSpec = { ...app, class: "worker", routed: false };
  const services = several ? { api: app, web: app, [simWorker]: worker } : { web: app };
  return { id: releaseId(version, digest), version, digest, services };
}

/** Deploys go from v1 to v2; ways back from v2 (bad, quarantined) to v1. */
export function setUp(scene: Scene): Stage {
  const target = newTarget();
  const [several, inPlace] = [scene.several ?? false, scene.inPlace ?? false];
  const make = (version: string) =>
    inPlace ? unrouted(simRelease(version, true)) : simRelease(version, several);
  const [v1, v2] = [make("v1"), make("v2")];
  const back = scene.kind === "rollback" || scene.kind === "restore";
  const [from, to] = back ? [v2, v1] : [v1, v2];
  for (const release of [v1, v2]) target.releases.set(release.id, release);
  target.tempers.set(from.id, "good");
  target.tempers.set(to.id, scene.temper);
  if (inPlace)
    for (const service of servicesOf(from))
      target.rollouts.set(service, {
        generation: 1,
        release: from.id,
        op: null,
        serves: from.id,
        gaveUp: false,
      });
  else run(target, servicesOf(from), from.id);
  for (const service of routedOf(from))
    target.routes.set(service, { ...routeOf(target, service), backend: backend(target, service, from.id) });
  // Workers are never warm: they must not run twice.
  if (scene.warm || scene.kind === "retire") run(target, servicesOf(to, "app"), to.id);
  if (scene.kind === "revive") for (const one of target.instances) one.alive = false;
  for (const row of ["row-a", "row-b"]) {
    target.rows.add(row);
    target.acknowledged.add(row);
  }
  const backup = { id: "old-backup", op: "op-old", at: 0, bytes: 1, sha256: "", rows: { orders: 1 } };
  target.backups.push({ backup, rows: new Set(["row-a"]) });
  const facts = factsOf(scene, from, to);
  return {
    target,
    plan: planFor(scene, facts, from),
    facts,
    from,
    history: historyOf(back, [v1, v2]),
    several,
  };
}

function factsOf(scene: Scene, from: Release, to: Release): PlanFacts {
  return {
    app: "shop",
    env,
    target: to,
    from,
    warm: scene.warm ? servicesOf(to, "app") : [],
    style: scene.inPlace ? "in-place" : "beside",
    hasDatabase: true,
    tasks: [],
    smoke: [{ service: null, path: "/health", expect: 200 }],
    drainMs: 1_000,
    why: "simulated",
  };
}

function planFor(scene: Scene, facts: PlanFacts, from: Release): Plan {
  switch (scene.kind) {
    case "deploy":
      return planDeploy(facts);
    case "deploy-paused":
      return planPausedDeploy(facts);
    case "rollback":
      return planRollback(facts);
    case "restore":
      return planRestore(facts, "old-backup");
    case "retire":
      return planRetire({ ...facts, target: from }, [facts.target], [facts.target.id]);
    case "flag-off":
      return planFlagOff({ ...facts, target: from }, "new-checkout");
    case "revive":
      return planRevive({ ...facts, target: from });
    case "adopt":
    case "leave":
    case "migrate-down":
      throw new Error(`${scene.kind} has no scene: what others started is not simulated`);
  }
}

function historyOf(back: boolean, [v1, v2]: readonly [Release, Release]): readonly NewEvent[] {
  const made = [v1, v2].map((release): NewEvent => ({ type: "release.made", data: { env, release } }));
  const good: NewEvent = {
    type: "release.became-good",
    data: { env, release: v1.id, why: "it passed its watch" },
  };
  const bad: NewEvent = {
    type: "release.quarantined",
    data: { env, release: v2.id, digest: v2.digest, why: "errors" },
  };
  return back ? [...made, good, bad] : [...made, good];
}

function unrouted(release: Release): Release {
  const services = Object.entries(release.services).map(([name, spec]) => [name, { ...spec, routed: false }]);
  return { ...release, services: Object.fromEntries(services) };
}

function run(target: Target, services: readonly string[], release: string): void {
  for (const service of services) {
    const id = `${service}-${release}-setup`;
    target.instances.push({ id, service, release, op: "op-setup", alive: true });
  }
}

function backend(target: Target, service: string, release: string) {
  const instance = target.instances.find((one) => one.release === release && one.service === service);
  const id = instance?.id ?? "";
  return { release, instance: id, url: `http://${id}` };
}
