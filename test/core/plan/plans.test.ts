// Plans as data: what they promise, in which order, and that the way back covers what was done.
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonical } from "../../../src/core/json.ts";
import type { PlanFacts } from "../../../src/core/plan/facts.ts";
import { type Plan, plan as planSchema } from "../../../src/core/plan/plan.ts";
import {
  planDeploy,
  planPausedDeploy,
  planRestore,
  planRetire,
  planRevive,
  planRollback,
} from "../../../src/core/plan/plans.ts";
import { stepKind } from "../../../src/steps/registry.ts";
import { simRelease } from "../../../src/testing/sim/stage.ts";

const v1 = simRelease("v1");
const v2 = simRelease("v2");
const facts: PlanFacts = {
  app: "shop",
  env: "production",
  target: v2,
  from: v1,
  warm: [],
  style: "beside",
  tasks: [],
  hasDatabase: true,
  smoke: [{ service: null, path: "/", expect: 200 }],
  drainMs: 1_000,
  why: "test",
};

function all(given: PlanFacts): readonly Plan[] {
  const paused = given.from ? [planPausedDeploy(given), planRestore(given, "backup-1")] : [];
  return [
    planDeploy(given),
    planRollback(given),
    planRevive(given),
    planRetire(given, [v1], ["v0"]),
    ...paused,
  ];
}

const anyFacts = fc.record({
  copy: fc.constantFrom(null, { quietMs: 3_000 }),
  warm: fc.subarray(["web"]),
  hasDatabase: fc.boolean(),
  smoke: fc.array(
    fc.record({ service: fc.constant(null), path: fc.constant("/"), expect: fc.constant(200) }),
    { maxLength: 2 },
  ),
  first: fc.boolean(),
});

test("every plan fits its schema, names only step kinds that exist, and uses each key once", () => {
  fc.assert(
    fc.property(anyFacts, ({ first, ...change }) => {
      for (const plan of all({ ...facts, ...change, from: first ? null : v1 })) {
        planSchema.parse(plan);
        for (const step of [...plan.steps, ...plan.undo]) stepKind(step.kind).limitMs(step.input as never);
        for (const list of [plan.steps, plan.undo])
          expect(new Set(list.map((step) => step.key)).size).toBe(list.length);
        const keys = plan.steps.map((step) => step.key);
        for (const step of plan.undo) for (const key of step.of) expect(keys).toContain(key);
      }
    }),
  );
});

test("the same facts give the same plan", () => {
  expect(canonical(planDeploy(facts))).toBe(canonical(planDeploy({ ...facts })));
});

test("proof that everything is here comes before anything that serves is touched", () => {
  for (const plan of all(facts).filter((one) => one.kind !== "retire"))
    expect(plan.steps[0]?.kind).toBe("release.prepare");
});

test("a deploy side by side never stops what serves, and takes its restore point first", () => {
  const plan = planDeploy(facts);
  expect(plan.steps.map((step) => step.key)).toEqual([
    "prepare",
    "backup",
    "start-web",
    "health-web",
    "smoke-web",
    "switch-web",
    "verify-web",
  ]);
  expect(plan.promisesNoDowntime).toBe(true);
});

test("a rollback is the deploy pipeline with another target, without the restore point", () => {
  const deploy = planDeploy({ ...facts, hasDatabase: false });
  expect(planRollback(facts).steps.map((step) => step.kind)).toEqual(deploy.steps.map((step) => step.kind));
});

test("a rollback pauses rather than go back to what it left", () => {
  const { steps, undo } = planRollback(facts);
  expect(steps.filter((step) => step.onFailure === "pause").map((step) => step.key)).toEqual([
    "switch-web",
    "verify-web",
  ]);
  expect(undo.some((step) => step.kind === "traffic.switch")).toBe(false);
});

test("a warm target is not stopped on the way back: it was not started by this run", () => {
  expect(planRollback({ ...facts, warm: ["web"] }).undo).toEqual([]);
  expect(planDeploy({ ...facts, warm: ["web"] }).undo.some((step) => step.kind === "instance.stop")).toBe(
    false,
  );
});

test("on the way back the database returns only while nobody has it open, and before requests go on", () => {
  const kinds = planPausedDeploy(facts).undo.map((step) => step.key);
  expect(kinds).toEqual([
    "undo-stop-web-started",
    "undo-return-database",
    "undo-start-web-from",
    "undo-health-web-from",
    "undo-switch-web",
    "undo-let-go-web",
    "undo-verify-web",
  ]);
});

test("in a restore workers hold up nobody: they stop after the apps, and start when requests flow again", () => {
  const release = simRelease("v1", true);
  const { steps, undo } = planRestore({ ...facts, target: release, from: release, smoke: [] }, "backup-1");
  const keys = steps.map((step) => step.key);
  expect(keys.slice(keys.indexOf("stop-api"))).toEqual([
    ...["stop-api", "stop-web", "stop-worker", "restore"],
    ...["start-api", "start-web", "health-api", "health-web", "switch-api", "switch-web"],
    ...["let-go-api", "let-go-web", "verify-api", "verify-web", "start-worker", "health-worker"],
  ]);
  // Requests flow by then: what fails is a person's business.
  expect(steps.slice(-2).map((step) => step.onFailure)).toEqual(["pause", "pause"]);
  const back = undo.map((step) => step.key);
  expect(back.indexOf("undo-start-worker-from")).toBeGreaterThan(back.indexOf("undo-let-go-web"));
});

test("in a paused deploy workers start before requests flow: one that dies at boot turns it", () => {
  const [from, target] = [simRelease("v1", true), simRelease("v2", true)];
  const keys = planPausedDeploy({ ...facts, target, from }).steps.map((step) => step.key);
  expect(keys.indexOf("health-worker")).toBeLessThan(keys.indexOf("let-go-api"));
});

test("a first deploy promises nothing about downtime: nothing serves before it", () => {
  expect(planDeploy({ ...facts, from: null }).promisesNoDowntime).toBe(false);
});

test("a copy is taken while requests wait, they go on before the dump, and a failure lets them go too", () => {
  const plan = planDeploy({ ...facts, copy: { quietMs: 300 } });
  expect(plan.steps.slice(0, 6).map(({ key }) => key)).toEqual([
    "prepare",
    "hold-web",
    "drain-web",
    "copy",
    "let-go-web-copied",
    "backup",
  ]);
  expect(plan.steps[2]?.input).toMatchObject({ release: v1.id, timeoutMs: 300 });
  expect(plan.steps[5]?.input).toMatchObject({ copy: "copy" });
  expect(plan.undo[0]).toMatchObject({ key: "undo-let-go-web-copied", of: ["hold-web"] });
});

test("a first release, and one without a database, hold nobody for a copy", () => {
  const wanted = { ...facts, copy: { quietMs: 300 } };
  for (const plan of [planDeploy({ ...wanted, from: null }), planDeploy({ ...facts, copy: null })])
    expect(plan.steps.some(({ kind }) => kind === "database.copy")).toBe(false);
});
