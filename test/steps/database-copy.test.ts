// The step that takes a template copy, and the backup after it: what one found is what the other is made of.
import { expect, test } from "vitest";
import { ok, problem, type Result } from "../../src/core/result.ts";
import type { Copied, Database } from "../../src/ports/database.ts";
import type { StepContext } from "../../src/ports/step.ts";
import { databaseBackup } from "../../src/steps/database-backup.ts";
import { databaseCopy } from "../../src/steps/database-copy.ts";

const op = { id: "op-1" };

function contextOf(database: Partial<Database>, evidence: unknown = null): StepContext {
  const step = () => (evidence === null ? null : { op: "op-0", evidence });
  return { world: { database }, op, step } as unknown as StepContext;
}

function taking(said: Result<Copied>): StepContext {
  return contextOf({ copies: { look: async () => ok({ rungs: [], copy: true }), take: async () => said } });
}

test("that somebody was at work is an answer; a copy that was promised and failed ends the run", async () => {
  const none = { copy: null, why: "somebody was at work" };
  expect(await databaseCopy.run(taking(ok(none)), {})).toEqual(ok(none));
  const late = problem("timeout", "it did not end in time", "run again");
  expect(await databaseCopy.run(taking(late), {})).toEqual(late);
  expect(await databaseCopy.run(contextOf({}), {})).toMatchObject({ ok: true, value: { copy: null } });
});

test.each([
  ["the copy of this run", { copy: "shop_point_1", why: "taken" }, { copy: "shop_point_1", why: "taken" }],
  ["nothing where no copy was asked for", null, null],
])("the backup is made of %s", async (_, evidence, wanted) => {
  const given: unknown[] = [];
  const backUp: Database["backUp"] = async (...args) => {
    given.push(args[2]);
    return problem("failed", "enough for this test", "nothing");
  };
  const input = { label: "before-v2", position: false, ...(evidence ? { copy: "copy" } : {}) };
  await databaseBackup.run(contextOf({ backUp }, evidence), input);
  expect(given).toEqual([wanted]);
});
