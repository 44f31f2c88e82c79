// What ran before Lastgood came is taken over once, as a release of its own; `leave` gives it back.
import type { NewEvent } from "../core/event.ts";
import { planAdopt, planLeave } from "../core/plan/adoption.ts";
import type { Plan } from "../core/plan/plan.ts";
import type { Release } from "../core/release.ts";
import { err, ok, type Problem, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { planData, runData } from "../core/view/run-data.ts";
import { type App, type Site, site } from "./app.ts";
import { notDone } from "./deploy-outcome.ts";
import { gatherFacts } from "./facts.ts";
import { planHash, runPlan } from "./run-plan.ts";
import { lookAtServices } from "./serving.ts";

/** What people call the release that was there first. */
const foundVersion = "as-found";

export type Taking = { readonly release: Release; readonly plan: Plan };

/** What would have to be taken over before a first deploy; null where nothing of others serves. Changes nothing. */
export async function findRunning(app: App, site: Site, target: Release): Promise<Result<Taking | null>> {
  const { adoption } = site.world;
  if (!adoption || envState(app.deps.ledger.state(), site.settings.env).serving !== null) return ok(null);
  const running = await adoption.foreign(target);
  if (!running.ok) return running;
  if (running.value === null) return ok(null);
  const captured = await adoption.capture(foundVersion);
  if (!captured.ok) return captured;
  const foreign = await adoption.foreign(captured.value);
  if (!foreign.ok) return foreign;
  const facts = await gatherFacts(app, site, captured.value, "it ran before Lastgood came");
  if (!facts.ok) return facts;
  return ok({ release: captured.value, plan: planAdopt(facts.value, foreign.value?.says ?? []) });
}

/** It served people already: that is what a first rollback goes back to. */
export async function takeOver(
  app: App,
  site: Site,
  { release, plan }: Taking,
  by: string,
): Promise<Result<void>> {
  const { env } = site.settings;
  const ensured = await site.ensure([release]);
  if (!ensured.ok) return ensured;
  const made: NewEvent = { type: "release.made", data: { env, release } };
  const run = await runPlan(app, plan, { by, goingBack: false, with: [made] });
  if (!run.ok) return run;
  if (run.value.outcome !== "done") return err(run.value.why ?? unfinished);
  const why = "it served before Lastgood came";
  app.deps.ledger.record([{ type: "release.became-good", data: { env, release: release.id, why } }]);
  return ok(undefined);
}

const unfinished: Problem = {
  code: "failed",
  what: "what ran before could not be taken over",
  next: "lastgood status shows where it stands; what ran before goes on.",
};

export type LeaveInput = {
  readonly env: string;
  readonly planOnly: boolean;
  readonly approved: boolean | string;
  readonly by: string;
};

const verb = "leave";

/** lastgood leave: the stack goes on by itself, as if Lastgood had never been there. */
export async function leave(app: App, input: LeaveInput): Promise<Outcome> {
  const found = site(app, input.env);
  if (!found.ok) return stopped(verb, input.env, found.error);
  const env = envState(app.deps.ledger.state(), input.env);
  const serving = env.serving === null ? undefined : env.releases[env.serving]?.release;
  if (!serving || !found.value.world.adoption) return stopped(verb, input.env, nothingToLeave);
  const facts = await gatherFacts(app, found.value, serving, `${input.by} leaves`);
  if (!facts.ok) return stopped(verb, input.env, facts.error);
  const now = await lookAtServices(found.value.world, env);
  if (!now.ok) return stopped(verb, input.env, now.error);
  const live = new Set(now.value.flatMap((one) => one.live.map(({ release }) => release)));
  const warm = Object.values(env.releases).flatMap(({ release }) =>
    live.has(release.id) && release.id !== serving.id ? [release] : [],
  );
  const plan = planLeave(facts.value, warm, [
    `${serving.version} goes on serving, by the stack's own compose file.`,
  ]);
  if (input.planOnly || (input.approved !== true && input.approved !== planHash(plan)))
    return planned(input, plan);
  const run = await runPlan(app, plan, { by: input.by, goingBack: false });
  if (!run.ok) return stopped(verb, input.env, run.error);
  if (run.value.outcome !== "done") return notDone(verb, input.env, run.value);
  return {
    verb,
    env: input.env,
    outcome: "done",
    what: `${input.env} is its own again: ${serving.version} serves by its own compose file.`,
    means: "Lastgood no longer watches it and cannot take it back.",
    next: "lastgood deploy <version> takes it over again.",
    problem: null,
    data: runData(run.value),
  };
}

const nothingToLeave: Problem = {
  code: "refused",
  what: "nothing was taken over here",
  next: "Nothing to do; lastgood status shows what serves.",
};

function planned({ env, planOnly }: LeaveInput, plan: Plan): Outcome {
  return {
    verb,
    env,
    outcome: planOnly ? "planned" : "waits",
    what: `This would give ${env} back to its own compose file.`,
    means: "Nothing was changed.",
    next: planOnly ? "lastgood leave --yes does it." : "Say --yes to do it.",
    problem: null,
    data: { plan: planData(plan), hash: planHash(plan) },
  };
}
