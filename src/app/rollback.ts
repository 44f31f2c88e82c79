// lastgood rollback: production back to last good, or to a version that a person names.
import type { RunState } from "../core/run.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { planData, runData } from "../core/view/run-data.ts";
import { type App, type Site, site } from "./app.ts";
import { callOff } from "./call-off.ts";
import { notDone } from "./deploy-outcome.ts";
import { findWayBack, quarantine, takeWayBack, type Way, type Wish } from "./go-back.ts";
import { planHash } from "./run-plan.ts";
import { followWatch } from "./watch.ts";
import { startWatch, superseded } from "./watch-start.ts";

export type RollbackInput = {
  readonly env: string;
  readonly version: string | null;
  readonly withData: boolean;
  /** The migrations of the release that is left go down too, after the switch. */
  readonly withMigrations?: boolean;
  readonly planOnly: boolean;
  /** True, or the hash of the plan that a person saw. */
  readonly approved: boolean | string;
  readonly wait: boolean;
  readonly by: string;
  readonly why: string | null;
};

const verb = "rollback";

export async function rollback(app: App, input: RollbackInput): Promise<Outcome> {
  const found = site(app, input.env);
  if (!found.ok) return stopped(verb, input.env, found.error);
  const { releases } = envState(app.deps.ledger.state(), input.env);
  const ensured = await found.value.ensure(Object.values(releases).map((one) => one.release));
  if (!ensured.ok) return stopped(verb, input.env, ensured.error);
  const cancelled = input.planOnly ? null : await callOff(app, input.env, input.by);
  const tookBack = cancelled?.outcome === "undone" && cancelled.plan.kind !== "retire";
  if (cancelled && tookBack && input.version === null) return takenBack(input.env, cancelled);
  const wish = {
    version: input.version,
    withData: input.withData,
    withMigrations: input.withMigrations === true,
    why: input.why ?? `${input.by} asked for it`,
  };
  const way = await findWayBack(app, found.value, wish);
  if (!way.ok) return stopped(verb, input.env, way.error);
  if (input.planOnly) return planned(input.env, way.value, "planned");
  if (input.approved !== true && input.approved !== planHash(way.value.plan))
    return planned(input.env, way.value, "waits");
  return goBack(app, found.value, { way: way.value, wish, input });
}

type Going = { readonly way: Way; readonly wish: Wish; readonly input: RollbackInput };

async function goBack(app: App, site: Site, { way, wish, input }: Going): Promise<Outcome> {
  const left = way.from && way.from.id !== way.target.id ? [quarantine(input.env, way.from, wish.why)] : [];
  const asked = { by: input.by, goingBack: true, with: [...superseded(app, input.env), ...left] };
  const run = await takeWayBack(app, site, wish, way, asked);
  if (!run.ok) return stopped(verb, input.env, run.error);
  if (run.value.outcome !== "done") return notDone(verb, input.env, run.value);
  const watch = await startWatch(app, site, {
    release: way.target,
    previous: way.from?.id ?? null,
    after: "rollback",
  });
  if (watch.ok && input.wait) await followWatch(app, site);
  return done(input.env, run.value, way);
}

/** What was under way never became what serves: to go further back than that is nobody's wish. */
function takenBack(env: string, run: RunState): Outcome {
  const what = `The ${run.plan.kind} of ${run.plan.target} was stopped and taken back.`;
  const means = run.plan.from ? `${run.plan.from} serves, as before.` : "Nothing serves, as before.";
  return {
    verb,
    env,
    outcome: "done",
    what,
    means,
    next: "lastgood status",
    problem: null,
    data: runData(run),
  };
}

function planned(env: string, way: Way, outcome: "planned" | "waits"): Outcome {
  const { plan, warnings } = way;
  const what = `This would take ${plan.env} back to ${way.target.version}.`;
  const next = outcome === "planned" ? "lastgood rollback --yes does it." : "Say --yes to do it.";
  const data = { plan: planData(plan), hash: planHash(plan), warnings: [...warnings] };
  return { verb, env, outcome, what, means: "Nothing was changed.", next, problem: null, data };
}

function done(env: string, run: RunState, way: Way): Outcome {
  const left = way.from
    ? ` ${way.from.version} is quarantined: it will not be deployed again until somebody lifts it.`
    : "";
  return {
    verb,
    env,
    outcome: "done",
    what: `${way.target.version} serves ${env} again.`,
    means: `The public port proved it.${left}`,
    next: "lastgood status shows whether errors are gone.",
    problem: null,
    data: { ...runData(run), warnings: [...way.warnings] },
  };
}
