// What served is gone (crash, reboot): start it again. Only so often: then production is down, and that is decided on.

import { duration } from "../core/detect/why.ts";
import { limits } from "../core/limits.ts";
import { planRevive } from "../core/plan/plans.ts";
import { type Release, servicesOf } from "../core/release.ts";
import { envState } from "../core/state.ts";
import { isQuarantined } from "../core/view/releases.ts";
import type { App, Site } from "./app.ts";
import { gatherFacts } from "./facts.ts";
import { findWayBack, takeWayBack } from "./go-back.ts";
import { openRun } from "./open-run.ts";
import { report } from "./report.ts";
import { runPlan } from "./run-plan.ts";
import { answersFor, lookAtServices, type ServiceNow } from "./serving.ts";
import { wasSaid } from "./was-said.ts";

export async function reviveAll(app: App): Promise<void> {
  for (const site of app.sites.values()) await revive(app, site);
}

/** While a watch runs, an exit is evidence against the release and the watch's business. */
async function revive(app: App, site: Site): Promise<void> {
  const { settings, world } = site;
  const env = envState(app.deps.ledger.state(), settings.env);
  const serving = env.serving === null ? undefined : env.releases[env.serving];
  if (!serving || openRun(app, settings.env) || env.watch) return;
  // The platform brings its own copies back.
  if (world.rollout) return;
  const now = await lookAtServices(world, env);
  if (!now.ok || isWhole(serving.release, now.value)) return;
  if (tooOften(app, site)) return giveUp(app, site, serving.release);
  const why = `${serving.release.version} was not running any more`;
  if (isQuarantined(env, serving.release.digest)) await goBackInstead(app, site, why);
  else {
    const facts = await gatherFacts(app, site, serving.release, why);
    if (facts.ok) await runPlan(app, planRevive(facts.value), { by: "controller", goingBack: false });
  }
}

/** It dies again and again: production is down, and the policy says what is done then. */
async function giveUp(app: App, site: Site, { id, version }: Release): Promise<void> {
  const { env } = site.settings;
  const said = { by: "controller", subject: id };
  if (wasSaid(app, env, said)) return;
  const within = duration(limits.revivalWindowMs / 1_000);
  const what = `${version} was started again ${limits.revivals} times within ${within}, and is gone again`;
  const severity = { impact: null, users: null, dataRisk: null };
  await report(app, { env, planOnly: false, kind: "down", what, ...said, ...severity });
}

/** Each routed service answers from a live instance, and its workers live. */
function isWhole(release: Release, now: readonly ServiceNow[]): boolean {
  const workers = servicesOf(release, "worker").every((name) =>
    now.some((one) => one.service === name && one.live.some((each) => each.release === release.id)),
  );
  return workers && answersFor(release, now);
}

/**
 * What is quarantined is not started again by itself: a rollback from it was cut short (a reboot), so finish that, with
 * the schema where that was decided. Nothing runs: where the schema can't go down, the older release is better than that.
 */
async function goBackInstead(app: App, site: Site, why: string): Promise<void> {
  const { lastDecision } = envState(app.deps.ledger.state(), site.settings.env);
  const withMigrations = lastDecision?.migrations?.fate === "undo";
  const alone = { version: null, withData: false, why };
  for (const wish of withMigrations ? [{ ...alone, withMigrations, lossless: true }, alone] : [alone]) {
    const way = await findWayBack(app, site, wish);
    if (!way.ok) continue;
    await takeWayBack(app, site, wish, way.value, { by: "controller", goingBack: true });
    return;
  }
}

function tooOften(app: App, site: Site): boolean {
  const { history } = envState(app.deps.ledger.state(), site.settings.env);
  const since = app.deps.clock.now() - limits.revivalWindowMs;
  return (
    history.filter((run) => (run.kind === "revive" || run.by === "controller") && run.at >= since).length >=
    limits.revivals
  );
}
