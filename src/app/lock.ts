// lastgood lock show | break: who holds an environment, and how to free it.
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { runData } from "../core/view/run-data.ts";
import { type App, site } from "./app.ts";
import { openRun } from "./open-run.ts";
import { lookAtServices } from "./serving.ts";

export function lockShow(app: App, input: { readonly env: string }): Outcome {
  const found = site(app, input.env);
  if (!found.ok) return stopped("lock", input.env, found.error);
  const run = openRun(app, input.env);
  if (!run) {
    return {
      verb: "lock",
      env: input.env,
      outcome: "done",
      what: "The lock is free.",
      means: "",
      next: "Nothing to do.",
      problem: null,
      data: { held: false },
    };
  }
  const what = `${run.run} (${run.plan.kind} of ${run.plan.target}) holds the lock since ${new Date(run.plannedAt).toISOString()}, asked for by ${run.by}.`;
  const means = run.status === "paused" ? `It is paused: ${run.why?.what ?? ""}` : "It is under way.";
  const data = {
    held: true,
    holder: run.holder,
    since: run.plannedAt,
    by: run.by,
    epoch: app.deps.ledger.journal.epoch(),
    ...runData(run),
  };
  return {
    verb: "lock",
    env: input.env,
    outcome: "done",
    what,
    means,
    next: "lastgood lock break frees it.",
    problem: null,
    data,
  };
}

export type LockBreakInput = { readonly env: string; readonly by: string; readonly why: string };

/**
 * Give a run up as it stands. The epoch rises, so nothing that the old run left behind can act any more.
 * A run that is under way here is cancelled instead: that is the clean way to the same end.
 */
export async function lockBreak(app: App, { env, by, why }: LockBreakInput): Promise<Outcome> {
  const found = site(app, env);
  if (!found.ok) return stopped("lock", env, found.error);
  const run = openRun(app, env);
  const { ledger } = app.deps;
  if (!run) return { ...lockShow(app, { env }), outcome: "unchanged" };
  if (run.status === "open") {
    ledger.record([{ type: "run.cancel-requested", data: { run: run.run, by } }]);
    const what = `${run.run} is under way and was told to go back.`;
    return {
      verb: "lock",
      env,
      outcome: "done",
      what,
      means: "It frees the lock when it has gone back.",
      next: "lastgood lock show",
      problem: null,
      data: runData(run),
    };
  }
  const gaveUp = {
    code: "cancelled" as const,
    what: `given up by ${by}: ${why}`,
    next: "lastgood status shows what serves.",
  };
  // A target may know a higher epoch than we do (an old state folder was put back): a person's word takes it over.
  const now = await lookAtServices(found.value.world, envState(ledger.state(), env));
  const epochs = now.ok ? now.value.map(({ route }) => route?.epoch ?? 0) : [];
  ledger.journal.raiseEpoch(Math.max(ledger.journal.epoch(), ...epochs));
  ledger.record([
    { type: "lock.broken", data: { env, run: run.run, by, why } },
    { type: "run.ended", data: { run: run.run, outcome: "abandoned", why: gaveUp, ms: 0 } },
  ]);
  const serving = envState(ledger.state(), env).serving;
  const what = `The lock is free. ${serving ?? "Nothing"} was the last to be proven to serve.`;
  return {
    verb: "lock",
    env,
    outcome: "done",
    what,
    means: "What the run had changed stays as it is.",
    next: "lastgood status",
    problem: null,
    data: { held: false },
  };
}
