// The step that runs a task once: what it notes of the database before and after, and that a note holds nothing up.
import { expect, test } from "vitest";
import { ok, problem } from "../../src/core/result.ts";
import type { Database } from "../../src/ports/database.ts";
import type { StepContext } from "../../src/ports/step.ts";
import type { TaskState } from "../../src/ports/tasks.ts";
import { taskRun } from "../../src/steps/task-run.ts";

const input = { service: "web", release: "r2", name: "migrate", argv: ["migrate"], timeoutMs: 1_000 };
const ended: TaskState = { is: "ended", exitCode: 0, lastLines: [] };
const moment = (xid: number) => ({ snapshot: `${xid}:${xid}:`, epoch: 0, position: "0/1" });

function contextOf(database: Pick<Database, "moment"> | null, before: StepContext["before"] = null) {
  const world = { database, tasks: { state: async () => ok(ended) } };
  return { world, op: { id: "op-1" }, before } as unknown as StepContext;
}

test("the moment before it stands in the intent, the one after it in the evidence", async () => {
  let xid = 10;
  const context = contextOf({ moment: async () => ok(moment(xid++)) });
  const before = await taskRun.before(context, input);
  expect(before).toEqual(ok(moment(10)));
  expect(await taskRun.probe({ ...context, before: moment(10) }, input)).toEqual({
    is: "applied",
    evidence: { task: "migrate", exitCode: 0, after: moment(11) },
  });
});

test("without a moment before, there is none after", async () => {
  const asked = contextOf({ moment: async () => ok(moment(10)) }, null);
  expect(await taskRun.probe(asked, input)).toMatchObject({ evidence: { after: null } });
});

test.each([
  ["no database", null],
  ["one that can't tell", {}],
  ["one that does not answer", { moment: async () => problem("unreachable", "it is down", "wait") as never }],
])("%s: the task goes on without a note", async (_, database) => {
  expect(await taskRun.before(contextOf(database), input)).toEqual(ok(null));
});
