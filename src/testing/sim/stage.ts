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
import { type Release, releaseId } from "../../core/release.ts";
import { newTarget, type Target, type Temper } from "./target.ts";

export type Scene = {
  readonly kind: PlanKind;
  /** How the plan's target behaves once started. */
  readonly temper: Temper;
  /** The plan's target already runs. */
  readonly warm: boolean;
};

export type Stage = {
  readonly target: Target;
  readonly plan: Plan;
  readonly facts: PlanFacts;
  /** What serves at the beginning. */
  readonly from: Release;
  readonly history: readonly NewEvent[];
};

const service = "web";
const env = "production";
const v1 = simRelease("v1");
const v2 = simRelease("v2");

export function simRelease(version: string): Release {
  const digest = sha256(version);
  const health = { path: "/health", timeoutMs: 5_000, intervalMs: 500 };
  const spec = {
    command: ["app"],
    env: {},
    envFileDigest: null,
    filesDigest: digest,
    health,
    stopGraceMs: 1_000,
  };
  return { id: releaseId(version, digest), version, digest, services: { [service]: spec } };
}

/** Deploys go from v1 to v2; ways back from v2 (bad, quarantined) to v1. */
export function setUp(scene: Scene): Stage {
  const target = newTarget();
  const back = scene.kind === "rollback" || scene.kind === "restore";
  const [from, to] = back ? [v2, v1] : [v1, v2];
  for (const release of [v1, v2]) target.releases.set(release.id, release);
  target.tempers.set(from.id, "good");
  target.tempers.set(to.id, scene.temper);
  run(target, from.id);
  target.route = { ...target.route, backend: backend(target, from.id) };
  if (scene.warm || scene.kind === "retire") run(target, to.id);
  if (scene.kind === "revive") for (const one of target.instances) one.alive = false;
  for (const row of ["row-a", "row-b"]) {
    target.rows.add(row);
    target.acknowledged.add(row);
  }
  const backup = { id: "old-backup", op: "op-old", at: 0, bytes: 1, sha256: "", rows: { orders: 1 } };
  target.backups.push({ backup, rows: new Set(["row-a"]) });
  const facts = factsOf(scene, from, to);
  return { target, plan: planFor(scene, facts, from), facts, from, history: historyOf(back) };
}

function factsOf(scene: Scene, from: Release, to: Release): PlanFacts {
  return {
    app: "shop",
    env,
    service,
    target: to,
    from,
    targetWarm: scene.warm,
    hasDatabase: true,
    smoke: [{ path: "/health", expect: 200 }],
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
  }
}

function historyOf(back: boolean): readonly NewEvent[] {
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

function run(target: Target, release: string): void {
  target.instances.push({ id: `${service}-${release}-setup`, service, release, op: "op-setup", alive: true });
}

function backend(target: Target, release: string) {
  const instance = target.instances.find((one) => one.release === release);
  const id = instance?.id ?? "";
  return { release, instance: id, url: `http://${id}` };
}
