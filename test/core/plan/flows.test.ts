// Where smoke flows stand in plans: on the fresh instance, before and after the switch, after a rollback.
import { expect, test } from "vitest";
import type { Flow } from "../../../src/core/flows/flow.ts";
import type { PlanFacts } from "../../../src/core/plan/facts.ts";
import { planDeploy, planPausedDeploy, planRollback } from "../../../src/core/plan/plans.ts";
import { smokeInput } from "../../../src/steps/inputs.ts";
import { simRelease } from "../../../src/testing/sim/stage.ts";

const flow: Flow = {
  name: "order",
  variables: {},
  secrets: ["PW"],
  steps: [],
  playwright: "a.mjs",
  timeoutMs: 1_000,
};

const facts: PlanFacts = {
  app: "shop",
  env: "production",
  target: simRelease("v2"),
  from: simRelease("v1"),
  warm: [],
  style: "beside",
  hasDatabase: false,
  tasks: [],
  smoke: [{ service: null, path: "/", expect: 200 }],
  flows: [{ service: null, at: ["start", "switch", "rollback"], flow }],
  drainMs: 1,
  why: "test",
};

const keys = (plan: ReturnType<typeof planDeploy>) => plan.steps.map((step) => step.key);
const stepOf = (plan: ReturnType<typeof planDeploy>, key: string) =>
  plan.steps.find((step) => step.key === key);
const inputOf = (plan: ReturnType<typeof planDeploy>, key: string) =>
  smokeInput.parse(stepOf(plan, key)?.input);

test("a deploy tries flows on the fresh instance, looks at the old one, and tries them again through the public port", () => {
  const plan = planDeploy(facts);
  expect(keys(plan).slice(-6)).toEqual([
    "health-web",
    "smoke-web",
    "flows-before",
    "switch-web",
    "verify-web",
    "flows",
  ]);
  expect(inputOf(plan, "smoke-web")).toMatchObject({ checks: [{ path: "/" }], flows: [{ name: "order" }] });
  expect(inputOf(plan, "flows-before")).toMatchObject({
    through: "public",
    onlyLook: true,
    release: facts.from?.id,
  });
  expect(inputOf(plan, "flows")).toMatchObject({
    through: "public",
    before: "flows-before",
    release: facts.target.id,
  });
  expect(stepOf(plan, "flows")?.onFailure).toBe("turn");
});

test("the first deploy has nothing to look at before", () => {
  const plan = planDeploy({ ...facts, from: null });
  expect(keys(plan)).not.toContain("flows-before");
  expect(inputOf(plan, "flows").before).toBeUndefined();
});

test("after a rollback flows come last, and a person is asked when one fails", () => {
  const plan = planRollback({ ...facts, warm: ["web"] });
  expect([keys(plan).at(-1), stepOf(plan, "flows")?.onFailure]).toEqual(["flows", "pause"]);
  expect(keys(plan)).not.toContain("flows-before");
});

test("a paused deploy looks before requests wait", () => {
  const plan = planPausedDeploy(facts);
  expect(keys(plan).indexOf("flows-before")).toBeLessThan(keys(plan).indexOf("hold-web"));
  expect(keys(plan).at(-1)).toBe("flows");
});

test("a flow runs only at the moments that it names", () => {
  const only = (at: PlanFacts["flows"] & object) => ({ ...facts, smoke: [], flows: at });
  const start = only([{ service: null, at: ["start"], flow }]);
  expect(keys(planDeploy(start)).filter((key) => /flows|smoke/.test(key))).toEqual(["smoke-web"]);
  expect(keys(planRollback({ ...start, warm: ["web"] })).filter((key) => /flows|smoke/.test(key))).toEqual(
    [],
  );
  const back = only([{ service: null, at: ["rollback"], flow }]);
  expect(keys(planDeploy(back)).filter((key) => /flows|smoke/.test(key))).toEqual([]);
  expect(keys(planRollback({ ...back, warm: ["web"] })).at(-1)).toBe("flows");
});

test("after a way back the target is compared with itself, as it was when it served", () => {
  const mark = { flow: "order", step: "pay", status: 201, ms: 12, bytes: 3, keys: ["id"] };
  const plan = planRollback({ ...facts, flowsSeen: [mark] });
  expect(inputOf(plan, "flows").seen).toEqual([mark]);
  expect(inputOf(planRollback(facts), "flows").seen).toBeUndefined();
});
