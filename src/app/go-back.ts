// The way back, whoever asked for it: a person, or a watch that found a release bad.
import type { NewEvent } from "../core/event.ts";
import type { PlanFacts } from "../core/plan/facts.ts";
import type { Plan } from "../core/plan/plan.ts";
import { planRestore, planRollback } from "../core/plan/plans.ts";
import type { Release } from "../core/release.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { RunState } from "../core/run.ts";
import { envState } from "../core/state.ts";
import { byVersion, isQuarantined, lastGood } from "../core/view/releases.ts";
import type { App, Site } from "./app.ts";
import { gatherFacts } from "./facts.ts";
import { type Both, withMigrationsDown } from "./migrate-back.ts";
import { stayNotes } from "./migrate-prove.ts";
import { restoreNotes } from "./restore-notes.ts";
import { type Asked, runPlan } from "./run-plan.ts";
import { lookAtServices, routedTo } from "./serving.ts";

export type Way = {
  readonly plan: Plan;
  readonly target: Release;
  readonly from: Release | null;
  readonly warnings: readonly string[];
};

export type Wish = {
  /** A version or release id; null: last good. */
  readonly version: string | null;
  /** Bring the database back to the restore point taken before the release that is left. */
  readonly withData: boolean;
  /** Take down the migrations that came with the release that is left, once it is left. */
  readonly withMigrations?: boolean;
  /** Of these: only where nothing goes along with them, since nobody saw what does. */
  readonly lossless?: boolean;
  readonly why: string;
};

/** Which release to go back to, and how. Changes nothing. */
export async function findWayBack(app: App, site: Site, wish: Wish): Promise<Result<Way>> {
  const env = envState(app.deps.ledger.state(), site.settings.env);
  const now = await lookAtServices(site.world, env);
  if (!now.ok) return now;
  const current = routedTo(now.value) ?? env.serving;
  const chosen = wish.version === null ? lastGood(env, current) : byVersion(env, wish.version);
  if (!chosen)
    return err(
      noTarget(
        wish.version,
        Object.values(env.releases).map((one) => one.release.version),
      ),
    );
  if (isQuarantined(env, chosen.release.digest)) {
    const what = `${chosen.release.version} is quarantined: ${env.quarantine[chosen.release.digest]?.why ?? ""}`;
    return err({ code: "quarantined", what, next: "Choose another version; lastgood history lists them." });
  }
  const facts = await gatherFacts(app, site, chosen.release, wish.why);
  if (!facts.ok) return facts;
  if (facts.value.from?.id === chosen.release.id && !wish.withData) {
    return err({
      code: "refused",
      what: `${chosen.release.version} already serves`,
      next: "Nothing to do; lastgood status shows it.",
    });
  }
  const plan = wish.withData
    ? withData(facts.value, current === null ? null : (env.releases[current]?.restorePoint ?? null))
    : ok(planRollback(facts.value));
  if (!plan.ok) return plan;
  const both = await withSchema(app, site, facts.value, plan.value, wish);
  if (!both.ok) return both;
  const warnings =
    chosen.goodAt === null
      ? [`${chosen.release.version} never passed a watch: it is not known to be good.`]
      : [];
  return ok({
    plan: both.value.plan,
    target: chosen.release,
    from: facts.value.from,
    warnings: [...warnings, ...both.value.warnings],
  });
}

/** A restore takes the schema along; else it stays, which is said, or goes down after the code. */
async function withSchema(
  app: App,
  site: Site,
  facts: PlanFacts,
  plan: Plan,
  wish: Wish,
): Promise<Result<Both>> {
  const { withData, withMigrations = false, lossless = false } = wish;
  if (withData && withMigrations)
    return err({
      code: "usage",
      what: "a restore brings the schema back with the data",
      next: "Say --with-data or --with-migrations.",
    });
  if (withMigrations) return withMigrationsDown(app, site, { facts, plan, lossless });
  return ok({
    plan,
    warnings: await (withData ? restoreNotes(app, site, plan) : stayNotes(app, site, facts.from)),
  });
}

function withData(facts: Parameters<typeof planRestore>[0], restorePoint: string | null): Result<Plan> {
  if (!facts.from)
    return err({
      code: "refused",
      what: "nothing serves now",
      next: "lastgood rollback without --with-data starts last good.",
    });
  if (restorePoint) return ok(planRestore(facts, restorePoint));
  const what = `no restore point was taken before ${facts.from.version}`;
  return err({
    code: "missing",
    what,
    next: "Roll back without --with-data: the code goes back, the data stays.",
  });
}

function noTarget(version: string | null, known: readonly string[]) {
  const versions = [...new Set(known)].join(", ") || "none";
  const what =
    version === null
      ? "there is no earlier release that passed its watch"
      : `no release ${version} was ever deployed here`;
  return {
    code: "missing" as const,
    what,
    next: `Known versions: ${versions}. Name one: lastgood rollback <version>.`,
  };
}

/**
 * Run a way back. A warm target that died between the look and the switch leaves everything as it was: then the same
 * wish is planned anew, and starts it.
 */
export async function takeWayBack(
  app: App,
  site: Site,
  wish: Wish,
  way: Way,
  asked: Asked,
): Promise<Result<RunState>> {
  const run = await runPlan(app, way.plan, asked);
  if (!run.ok || run.value.outcome !== "undone" || startsTarget(way.plan)) return run;
  const again = await findWayBack(app, site, wish);
  if (!again.ok || !startsTarget(again.value.plan)) return run;
  return runPlan(app, again.value.plan, { by: asked.by, goingBack: true });
}

function startsTarget(plan: Plan): boolean {
  return plan.steps.some((step) => step.kind === "instance.start");
}

/** The facts that belong to leaving a release: it does not come back by itself. */
export function quarantine(env: string, release: Release, why: string): NewEvent {
  return { type: "release.quarantined", data: { env, release: release.id, digest: release.digest, why } };
}
