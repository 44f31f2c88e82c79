// lastgood deploy: a version goes out, is watched, and goes back by itself when it is bad.

import type { NewEvent } from "../core/event.ts";
import { guardFreeze } from "../core/guard/freeze.ts";
import { guardLock, guardQuarantine } from "../core/guard/guards.ts";
import type { Json } from "../core/json.ts";
import type { Plan } from "../core/plan/plan.ts";
import { planDeploy, planPausedDeploy } from "../core/plan/plans.ts";
import type { Release } from "../core/release.ts";
import { err, ok, type Problem, type Result } from "../core/result.ts";
import type { RunState } from "../core/run.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { planData } from "../core/view/run-data.ts";
import { findRunning, type Taking, takeOver } from "./adopt.ts";
import { type App, type Site, site, type WatchEnd } from "./app.ts";
import { giveWay } from "./call-off.ts";
import { notDone, waiting, watched } from "./deploy-outcome.ts";
import { drillGate } from "./drill-gate.ts";
import { gatherFacts } from "./facts.ts";
import { brings, wayNotes } from "./migrate-prove.ts";
import { openRun } from "./open-run.ts";
import { type Ways, waysData, waysToKeep } from "./restore-points.ts";
import { planHash, runPlan } from "./run-plan.ts";
import { followWatch } from "./watch.ts";
import { startWatch, watchPositions } from "./watch-start.ts";

export type DeployInput = {
  readonly env: string;
  readonly version: string;
  readonly planOnly: boolean;
  /** True, or the hash of the plan that a person saw. */
  readonly approved: boolean | string;
  /** Stay until the watch has a verdict or its time is over. */
  readonly wait: boolean;
  /** Why a quarantine is lifted; null: it is not. */
  readonly lift: string | null;
  readonly by: string;
};

const verb = "deploy";
const spareMs = 1_000;

export async function deploy(app: App, input: DeployInput): Promise<Outcome> {
  const found = site(app, input.env);
  if (!found.ok) return stopped(verb, input.env, found.error);
  if (!input.planOnly) await giveWay(app, input.env, input.by);
  const frozen = guardFreeze(envState(app.deps.ledger.state(), input.env));
  if (frozen && !input.planOnly) {
    refuse(app, input, frozen);
    return stopped(verb, input.env, frozen);
  }
  const busy = guardLock(openRun(app, input.env), false);
  if (busy) return stopped(verb, input.env, busy);
  const ready = await makeReady(app, found.value, input);
  if (!ready.ok) return stopped(verb, input.env, ready.error);
  const { release, plan, taking, ways } = ready.value;
  if (plan === null) return unchanged(input, release);
  if (input.planOnly) return planned(input, release, plan, ways, "planned");
  if (input.approved !== true && input.approved !== planHash(plan))
    return planned(input, release, plan, ways, "waits");
  const taken = taking ? await takeOver(app, found.value, taking, input.by) : ok(undefined);
  if (!taken.ok) return stopped(verb, input.env, taken.error);
  return goOut(app, found.value, { input, release, plan, lifted: ready.value.lifted });
}

type Ready = {
  readonly release: Release;
  readonly plan: Plan | null;
  readonly lifted: readonly NewEvent[];
  /** What ran before Lastgood came, and is to be taken over first. */
  readonly taking: Taking | null;
  readonly ways: Ways;
};

/** Capture the version, ask the guards, look at the target, make the plan. Touches nothing that serves. */
async function makeReady(app: App, site: Site, input: DeployInput): Promise<Result<Ready>> {
  const captured = await site.world.runtime.capture(input.version);
  if (!captured.ok) return captured;
  const release = captured.value;
  const ensured = await site.ensure([release]);
  if (!ensured.ok) return ensured;
  const env = envState(app.deps.ledger.state(), input.env);
  const refused = guardQuarantine(env, release);
  if (refused && input.lift === null) {
    if (!input.planOnly) refuse(app, input, refused);
    return err(refused);
  }
  const lifted = refused && input.lift !== null ? [liftEvent(input, release, input.lift)] : [];
  const running = await findRunning(app, site, release);
  if (!running.ok) return running;
  const taking = running.value;
  const looked = await gatherFacts(app, site, release, `${input.by} deploys ${input.version}`);
  if (!looked.ok) return looked;
  const ways = await waysToKeep(site, looked.value);
  const known = { ...looked.value, copy: taking ? null : ways.copy };
  const facts = taking ? { ...known, from: taking.release } : known;
  if (facts.from?.id === release.id) return ok({ release, plan: null, lifted, taking, ways });
  const gated = await drillGate(app, site, facts.from);
  if (gated.refused !== null && !input.planOnly) {
    refuse(app, input, gated.refused);
    return err(gated.refused);
  }
  const paused = site.settings.strategy === "pause" && facts.from !== null;
  const made = paused ? planPausedDeploy(facts) : planDeploy(facts);
  const plan = { ...made, notes: [...made.notes, ...gated.notes, ...(await wayNotes(app, site, release))] };
  return ok({ release, plan: taking ? afterTaking(plan, taking) : plan, lifted, taking, ways });
}

/** A person must know before saying yes what comes first. */
function afterTaking(plan: Plan, { release, plan: first }: Taking): Plan {
  const begins = `First what runs now is taken over, as ${release.version}.`;
  return { ...plan, notes: [begins, ...first.notes, ...plan.notes] };
}

type Going = {
  readonly input: DeployInput;
  readonly release: Release;
  readonly plan: Plan;
  readonly lifted: readonly NewEvent[];
};

async function goOut(app: App, site: Site, { input, release, plan, lifted }: Going): Promise<Outcome> {
  const { env } = site.settings;
  // Read before the switch, so that the first request that the new release answers counts already.
  const from = await watchPositions(site, release);
  if (!from.ok) return stopped(verb, env, from.error);
  const made: NewEvent = { type: "release.made", data: { env, release } };
  const ended = await runPlan(app, plan, {
    by: input.by,
    goingBack: false,
    with: [...lifted, made, ...(await brings(site, release))],
  });
  if (!ended.ok) return stopped(verb, env, ended.error);
  if (ended.value.outcome !== "done") return notDone(verb, env, ended.value);
  return watchIt(app, site, { input, release, run: ended.value, from: from.value });
}

type Out = {
  readonly input: DeployInput;
  readonly release: Release;
  readonly run: RunState;
  readonly from: Json;
};

async function watchIt(app: App, site: Site, { input, release, run, from }: Out): Promise<Outcome> {
  const started = await startWatch(app, site, {
    release,
    previous: run.plan.from,
    after: "deploy",
    from,
  });
  if (!started.ok) return stopped(verb, input.env, started.error);
  const following = followWatch(app, site);
  if (!input.wait) return waiting(input.env, release, run);
  const end = await Promise.race([following, untilTimeIsOver(app, site)]);
  return watched(app, site, { release, run, end });
}

/** Whoever waits is told "not proven yet" when the time is over; the watch itself goes on. */
async function untilTimeIsOver(app: App, site: Site): Promise<WatchEnd> {
  const { env, watch } = site.settings;
  for (;;) {
    await app.deps.clock.sleep(watch.forMs + spareMs, app.stopping);
    const finding = app.watching.live.get(env);
    // Without a watch there is a rollback or a verdict under way: that is what to wait for.
    if (finding && envState(app.deps.ledger.state(), env).watch?.after === "deploy") {
      return { outcome: "undecided", finding, rollback: null, helped: null };
    }
    if (app.stopping.aborted) await new Promise(() => undefined);
  }
}

function refuse(app: App, { env, version }: DeployInput, problem: Problem): void {
  app.deps.ledger.record([{ type: "deploy.refused", data: { env, version, problem } }]);
}

function liftEvent({ env, by }: DeployInput, release: Release, why: string): NewEvent {
  return { type: "release.lifted", data: { env, release: release.id, digest: release.digest, by, why } };
}

function unchanged({ env, version }: DeployInput, release: Release): Outcome {
  const what = `${version} already serves ${env}.`;
  const data = { serving: release.id };
  return {
    verb,
    env,
    outcome: "unchanged",
    what,
    means: "Nothing was changed.",
    next: "lastgood status",
    problem: null,
    data,
  };
}

function planned(
  { env }: DeployInput,
  release: Release,
  plan: Plan,
  { rungs }: Ways,
  outcome: "planned" | "waits",
): Outcome {
  const what = `This would deploy ${release.version} to ${env}.`;
  const next =
    outcome === "planned" ? `lastgood deploy ${release.version} --yes does it.` : "Say --yes to do it.";
  const data = { plan: planData(plan), hash: planHash(plan), ways: waysData(rungs) };
  return { verb, env, outcome, what, means: "Nothing was changed.", next, problem: null, data };
}
