// A release that brought a migration is left without a person: what becomes of its schema, and what is said of it.
import { expect, test } from "vitest";
import type { App } from "../../src/app/app.ts";
import { deploy } from "../../src/app/deploy.ts";
import { explain } from "../../src/app/explain.ts";
import { report } from "../../src/app/report.ts";
import { problem } from "../../src/core/result.ts";
import { envState } from "../../src/core/state.ts";
import { simRelease } from "../../src/testing/sim/stage.ts";
import { bed, type Circumstances, env, release } from "./migrate-bed.ts";

const free: Circumstances = { tried: { losses: [] }, takes: [] };

/** v1 is good, v2 fails 5 % of all requests; the watch decides. */
async function badRelease(circumstances: Circumstances, before: (app: App) => void = () => undefined) {
  const made = await bed(circumstances);
  const { app, fake } = made;
  await fake.settle(deploy(app, { ...release, version: "v1", wait: true }));
  app.deps.ledger.record([
    { type: "release.became-good", data: { env, release: simRelease("v1").id, why: "" } },
  ]);
  before(app);
  fake.behaviours.set("v2", { failing: 0.05 });
  const outcome = await fake.settle(deploy(app, { ...release, version: "v2", wait: true }));
  const state = () => envState(app.deps.ledger.state(), env);
  const steps = () =>
    fake.store.events.flatMap(({ type, data }) =>
      type === "run.planned" && data.plan.kind === "rollback" ? data.plan.steps.map(({ key }) => key) : [],
    );
  const said = () => JSON.stringify(explain(app, { env, what: null }).data);
  return { ...made, outcome, state, steps, said };
}

const tried = (works: "yes" | "no", flows: string[]) => (app: App) =>
  app.deps.ledger.record([
    {
      type: "migrate.older-tried",
      data: {
        env,
        older: simRelease("v1").id,
        newer: simRelease("v2").id,
        works,
        why: works === "no" ? "the flow order failed" : null,
        migrations: ["2_b"],
        flows,
        ms: 1,
      },
    },
  ]);

test("nothing is lost by it: both go back by themselves, with requests held while the schema goes down", async () => {
  const { outcome, fake, went, care, steps, said } = await badRelease(free);
  expect([outcome.outcome, fake.serving(), [...went.values()], care]).toEqual([
    "rolled-back",
    "v1",
    [["2_b"]],
    [{ lossless: true }],
  ]);
  expect(steps()).toEqual([
    "prepare",
    "health-web",
    ...["hold-web", "drain-web", "down", "switch-web", "let-go-web"],
    "verify-web",
  ]);
  expect(said()).toMatch(
    /keep-migrations.*v2 brought the migration 2_b: reversible.*Migrations: they go down/,
  );
});

test("the older release runs on the newer schema, by its flows on a copy: the code goes back alone", async () => {
  const { outcome, fake, went, steps, said } = await badRelease(free, tried("yes", ["order"]));
  expect([outcome.outcome, fake.serving(), went.size]).toEqual(["rolled-back", "v1", 0]);
  expect(steps()).not.toContain("hold-web");
  expect(said()).toMatch(/"fate":"keep".*v1 runs on the schema of v2/);
});

test("the older release failed on the newer schema: the schema goes down, and that is the reason", async () => {
  const { went, said } = await badRelease(free, tried("no", ["order"]));
  expect(went.size).toBe(1);
  expect(said()).toMatch(/v1 does not run on the schema of v2: the flow order failed/);
});

test.each<readonly [string, Circumstances, RegExp]>([
  ["values were overwritten", { ...free, tried: {} }, /loses 5 values/],
  [
    "values of now would go",
    { ...free, takes: [{ name: "t", count: 1, unit: "rows" }] },
    /1 row \(t\) of now/,
  ],
  ["there is no way down", { ...free, tried: { losses: [], why: "a type is gone" } }, /restore only/],
  ["its own tool takes it down", { ...free, by: "its own tool" }, /nobody counts/],
  ["the policy says so", { ...free, policy: { migrations: "ask" } }, /migrations is \\"ask\\"/],
])("%s: a person is asked, and nothing is changed", async (_, circumstances, why) => {
  const { outcome, fake, went, ran, state, said } = await badRelease(circumstances);
  expect([outcome.outcome, fake.serving(), went.size, ran]).toEqual(["waits", "v2", 0, []]);
  expect(state().lastDecision).toMatchObject({ decision: "ask", rule: "migrations" });
  expect(state().quarantine).toEqual({});
  expect(said()).toMatch(why);
});

test("the policy says that the schema stays: the code goes back alone", async () => {
  const { fake, went, state } = await badRelease({ policy: { migrations: "keep" } });
  expect([fake.serving(), went.size, state().lastDecision?.migrations?.fate]).toEqual(["v1", 0, "keep"]);
});

test("a database that takes no more sessions: the kept way is enough, and the transaction looks for itself", async () => {
  let isMute = false;
  const { fake, went, said } = await badRelease({ ...free, mute: () => isMute }, (app) => {
    app.deps.ledger.listen(({ type }) => {
      if (type === "watch.started") isMute = true;
    });
  });
  expect([fake.serving(), [...went.values()]]).toEqual(["v1", [["2_b"]]]);
  expect(said()).toMatch(/could not be asked what would go along now/);
});

test("it does not go down after all: what served serves, and that is a question with its reason", async () => {
  const trouble = problem("refused", "3 values (users.phone) of now would go along", "look");
  const { fake, state } = await badRelease({ ...free, trouble });
  expect(fake.serving()).toBe("v2");
  expect([...fake.target.routes.values()].map(({ held }) => held)).toEqual([false]);
  expect(state().lastDecision).toMatchObject({
    decision: "ask",
    rule: "way-back-failed",
    why: expect.stringContaining("3 values (users.phone) of now would go along"),
  });
  expect(state().history.at(-1)).toMatchObject({ kind: "rollback", outcome: "undone" });
});

test("called off while the schema goes down: it is finished, since what was to be left has no schema any more", async () => {
  const during = async (app: App) => {
    const { run } = envState(app.deps.ledger.state(), env);
    app.deps.ledger.record([{ type: "run.cancel-requested", data: { run: run ?? "", by: "ann" } }]);
  };
  const { fake, state, went } = await badRelease({ ...free, during });
  expect([fake.serving(), went.size]).toEqual(["v1", 1]);
  expect(state().history.findLast(({ kind }) => kind === "rollback")?.outcome).toBe("done");
});

test("in quiet hours both are proposed, and a report names the command", async () => {
  const quiet = [{ from: 0, to: 0, flag: "ask", release: "ask", database: "ask" }] as const;
  const { app, fake, went } = await badRelease({ ...free, policy: { quiet } });
  const severity = { impact: null, users: null, dataRisk: null };
  const input = { env, planOnly: false, by: "ann", what: "it is bad", kind: "errors", ...severity } as const;
  const said = await fake.settle(report(app, input));
  expect([said.outcome, fake.serving(), went.size]).toEqual(["waits", "v2", 0]);
  expect(said.next).toMatch(/lastgood rollback --with-migrations takes both back/);
});

test("values that were written between the decision and its plan: nothing begins, and no act is counted", async () => {
  const late = [{ name: "users.phone", count: 1, unit: "values" as const }];
  let asked = 0;
  const { fake, state, went } = await badRelease({ ...free, takesLater: () => (++asked > 1 ? late : []) });
  expect([fake.serving(), went.size, state().acts]).toEqual(["v2", 0, []]);
  expect(state().lastDecision).toMatchObject({ decision: "ask", rule: "way-back-failed" });
  expect(state().quarantine).toEqual({});
});
