// The moments around a migration: which of them are noted, and what they say of rows.
import { expect, test } from "vitest";
import type { NewEvent } from "../../../src/core/event.ts";
import type { PlanKind } from "../../../src/core/plan/plan.ts";
import { planDeploy } from "../../../src/core/plan/plans.ts";
import { parseSnapshot } from "../../../src/core/salvage/snapshot.ts";
import { mayHideUsers, windowsSince } from "../../../src/core/salvage/window.ts";
import { emptyState, envState, fold } from "../../../src/core/state.ts";
import { simRelease } from "../../../src/testing/sim/stage.ts";

const moment = (xid: number) => ({ snapshot: `${xid}:${xid}:`, epoch: 0, position: "0/1000" });
const at = (xid: number) => parseSnapshot(`${xid}:${xid}:`) ?? { xmin: 0n, xmax: 0n, open: [] };

type Told = { kind?: PlanKind; recovered?: boolean; before?: object | null; after?: object | null };

/** What the journal of a deploy amounts to, in which one task ran. */
function migrated({
  kind = "deploy-paused",
  recovered = false,
  before = moment(10),
  after = moment(20),
}: Told) {
  const [from, target] = [simRelease("v1"), simRelease("v2")];
  const argv: [string, ...string[]] = ["migrate"];
  const plan = planDeploy({
    ...{ app: "shop", env: "production", target, from, warm: [], style: "beside", hasDatabase: true },
    ...{ smoke: [], drainMs: 1_000, why: "test" },
    tasks: [{ name: "migrate", service: "web", argv, timeoutMs: 1_000 }],
  });
  const step = (key: string, of: string) => ({
    run: "r1",
    key,
    kind: of,
    direction: "do" as const,
    attempt: 1,
  });
  const backup = step("backup", "database.backup");
  const task = step("task-migrate", "task.run");
  const rest = { recovered, ms: 1 };
  const facts: readonly NewEvent[] = [
    { type: "run.planned", data: { run: "r1", plan: { ...plan, kind }, hash: "", by: "me" } },
    { type: "step.intended", data: { ...backup, op: "op-b", before: null } },
    {
      type: "step.verified",
      data: { ...backup, evidence: { backup: "before-v2", position: null }, ...rest },
    },
    { type: "step.intended", data: { ...task, op: "op-t", before: before as never } },
    {
      type: "step.verified",
      data: { ...task, evidence: { task: "migrate", exitCode: 0, after: after as never }, ...rest },
    },
  ];
  const stamped = facts.map((fact, index) => ({
    ...fact,
    ...{ seq: index + 1, at: 0, mono: 0, boot: "b", epoch: 1, prev: "", hash: "" },
  }));
  return envState(stamped.reduce(fold, emptyState), "production").migrated;
}

test("a task is noted with its restore point and the snapshots on both sides of it", () => {
  expect(migrated({})).toEqual([
    { restorePoint: "before-v2", before: "10:10:", after: "20:20:", alone: true },
  ]);
});

test("it was alone only where the app was stopped, and its end was seen when it came", () => {
  expect(migrated({ kind: "deploy" })).toMatchObject([{ alone: false }]);
  expect(migrated({ recovered: true })).toMatchObject([{ alone: false }]);
});

test("where one of the moments is missing nothing is noted", () => {
  expect(migrated({ before: null })).toEqual([]);
  expect(migrated({ after: null })).toEqual([]);
});

const window = { restorePoint: "b2", before: "10:10:", after: "20:20:", alone: true };

test("only migrations that ended between the moment and now say something", () => {
  expect(windowsSince([window], at(5), at(30))).toEqual([window]);
  expect(windowsSince([window], at(20), at(30))).toEqual([]);
  expect(windowsSince([window], at(5), at(15))).toEqual([]);
  expect(windowsSince([{ ...window, after: "no snapshot" }], at(5), at(30))).toEqual([]);
});

test("a migration hides nobody's rows from its own restore point on, if it was alone", () => {
  expect(mayHideUsers(window, at(8), "b2")).toBe(false);
  expect(mayHideUsers(window, at(8), "b1")).toBe(true);
  expect(mayHideUsers(window, at(10), null)).toBe(false);
  expect(mayHideUsers({ ...window, alone: false }, at(10), "b2")).toBe(true);
});
