// Code and schema in one run, as data: what is between which steps, and what is taken back until when.
import { expect, test } from "vitest";
import type { PlanFacts } from "../../../src/core/plan/facts.ts";
import { type PlanStep, plan as planSchema } from "../../../src/core/plan/plan.ts";
import { planRollbackWithSchema } from "../../../src/core/plan/with-schema.ts";
import type { Release } from "../../../src/core/release.ts";
import { simRelease } from "../../../src/testing/sim/stage.ts";

const withWorker = (release: Release): Release => {
  const web = release.services["web"];
  if (!web) throw new Error("no web");
  return { ...release, services: { web, mail: { ...web, class: "worker", routed: false } } };
};
const [v1, v2] = [withWorker(simRelease("v1")), withWorker(simRelease("v2"))];
const facts: PlanFacts = {
  app: "shop",
  env: "production",
  target: v1,
  from: v2,
  warm: ["web"],
  style: "beside",
  tasks: [],
  hasDatabase: true,
  smoke: [{ service: null, path: "/", expect: 200 }],
  drainMs: 30_000,
  why: "test",
};
const down: PlanStep = {
  key: "down",
  kind: "migrations.down",
  title: "take it down",
  input: { names: ["2_b"], lossless: true },
  safePointAfter: true,
  onFailure: "turn",
};
const keys = (steps: readonly { readonly key: string }[]) => steps.map(({ key }) => key);

test("workers stop, requests wait, the schema goes down, the switch, requests go on, workers start", () => {
  const plan = planSchema.parse(planRollbackWithSchema(facts, v2, down));
  expect(keys(plan.steps)).toEqual([
    ...["prepare", "health-web", "stop-mail-from"],
    ...["hold-web", "drain-web", "down", "switch-web", "let-go-web"],
    ...["verify-web", "start-mail", "health-mail"],
  ]);
  const at = (key: string) => plan.steps.find((step) => step.key === key);
  expect(at("switch-web")?.input).toMatchObject({ mustBeHeld: true });
  expect(at("drain-web")?.input).toMatchObject({ timeoutMs: 3_000 });
});

test("up to the schema everything is taken back, requests first; behind it a failure waits for a person", () => {
  const { steps, undo } = planRollbackWithSchema(facts, v2, down);
  const at = steps.findIndex(({ key }) => key === "down");
  expect(steps.slice(0, at + 1).filter(({ onFailure }) => onFailure !== "turn")).toEqual([]);
  expect(steps.slice(at + 1).filter(({ onFailure }) => onFailure !== "pause")).toEqual([]);
  expect(keys(undo)[0]).toBe("undo-let-go-web");
  expect(keys(undo)).toEqual(expect.arrayContaining(["undo-start-mail-from", "undo-verify-web"]));
  expect(undo.filter(({ of }) => of.includes("down"))).toEqual([]);
});

test("production is whole in between only before anything waits, and once requests flow and workers run", () => {
  const { steps } = planRollbackWithSchema(facts, v2, down);
  const unsafe = steps.filter(({ safePointAfter }) => !safePointAfter).map(({ key }) => key);
  expect(unsafe).toEqual(["hold-web", "drain-web", "down", "switch-web", "let-go-web", "verify-web"]);
});

test("a release that does not run any more is started before anything waits, and not tried on the newer schema", () => {
  const { steps, undo } = planRollbackWithSchema({ ...facts, warm: [] }, v2, down);
  expect(keys(steps).slice(0, 4)).toEqual(["prepare", "start-web", "health-web", "stop-mail-from"]);
  expect(steps.some(({ kind }) => kind === "smoke.run")).toBe(false);
  expect(keys(undo)).toContain("undo-stop-web");
});
