// The consequences of a verdict: good, bad, or back and better.
import type { Attribution } from "../core/attribute/attribution.ts";
import type { Finding } from "../core/detect/finding.ts";
import { goesOn } from "../core/detect/worst.ts";
import type { WatchState } from "../core/env-state.ts";
import type { NewEvent } from "../core/event.ts";
import { planRetire } from "../core/plan/plans.ts";
import type { Release } from "../core/release.ts";
import { envState } from "../core/state.ts";
import { forgettable } from "../core/view/releases.ts";
import { actOn, message } from "./act-on.ts";
import type { App, Site, WatchEnd } from "./app.ts";
import { comparedBack } from "./compare.ts";
import { decideOn } from "./decide-on.ts";
import { gatherFacts } from "./facts.ts";
import { runPlan } from "./run-plan.ts";
import { judgeSchema } from "./schema-fate.ts";
import { lookAtServices } from "./serving.ts";
import { seenOf } from "./watch-start.ts";

/** What a watch came to. */
export type Seen = {
  readonly finding: Finding;
  /** Where detection could tell whose doing it is. */
  readonly attribution: Attribution | null;
  /** The decision about this finding was made when it was found: only a person can go on. */
  readonly decided: boolean;
};

/** The release passed: it is what a rollback goes back to from now on; the one before may stop. */
export async function becameGood(
  app: App,
  site: Site,
  watch: WatchState,
  finding: Finding,
): Promise<WatchEnd> {
  const { env } = site.settings;
  app.deps.ledger.record([
    ended(app, watch, finding, "verified"),
    { type: "release.became-good", data: { env, release: watch.release, why: finding.why } },
  ]);
  await retire(app, site, watch.release);
  return { outcome: "verified", finding, rollback: null, helped: null };
}

/** Decide, and where the policy lets us, go back: quarantine, plan and decision are one durable moment. */
export async function sawBad(app: App, site: Site, watch: WatchState, seen: Seen): Promise<WatchEnd> {
  const { finding, decided } = seen;
  const end: WatchEnd = { outcome: "bad", finding, rollback: null, helped: null };
  const over = ended(app, watch, finding, "bad");
  // Told when it was found; nothing more was to be done.
  if (decided) {
    app.deps.ledger.record([over]);
    return end;
  }
  const bad = releaseOf(app, site, watch.release);
  const first = decideOn(app, site, watch, finding, seen.attribution);
  const decision = await judgeSchema(app, site, bad, first);
  const grounds = { decision, facts: [over], bad, by: "watch", key: watch.watch };
  const { run } = await actOn(app, site, grounds);
  return run ? { ...end, rollback: run.run } : end;
}

/** After a way back: did it help? If errors go on, the release was not the cause, and its quarantine is lifted. */
export async function cameBack(app: App, site: Site, watch: WatchState, seen: Seen): Promise<WatchEnd> {
  const { finding } = seen;
  const { env } = site.settings;
  const outcome = finding.outcome === "blind" ? "undecided" : finding.outcome;
  const facts: NewEvent[] = [ended(app, watch, finding, outcome), ...comparedBack(app, watch)];
  if (finding.outcome !== "bad") {
    app.deps.ledger.record(facts);
    await retire(app, site, watch.release);
    return { outcome, finding, rollback: null, helped: finding.outcome === "verified" ? true : null };
  }
  const left = watch.previous === null ? null : releaseOf(app, site, watch.previous);
  const { lastDecision } = envState(app.deps.ledger.state(), env);
  const led = lastDecision?.decision === "roll-back" ? (lastDecision.finding?.stream ?? null) : null;
  const same = goesOn(led, finding.stream);
  const lifted: NewEvent[] =
    left && same
      ? [
          {
            type: "release.lifted",
            data: {
              env,
              release: left.id,
              digest: left.digest,
              by: "watch",
              why: "errors went on without it: it was not the cause",
            },
          },
        ]
      : [];
  const decision = decideOn(app, site, watch, finding, seen.attribution);
  const bad = releaseOf(app, site, watch.release);
  const grounds = { decision, bad, by: "watch", key: watch.watch };
  app.deps.ledger.record(
    [...facts, { type: "decision.made", data: decision }, ...lifted],
    [message(app, site, grounds, `${same ? "still fails" : "is slow"} after the rollback`)],
  );
  return { outcome, finding, rollback: null, helped: false };
}

/** Stop what no longer serves and drop what is no longer kept. Its failure is no news about the release. */
async function retire(app: App, site: Site, serving: string): Promise<void> {
  const { settings, world } = site;
  const env = envState(app.deps.ledger.state(), settings.env);
  const target = releaseOf(app, site, serving);
  const now = await lookAtServices(world, env);
  if (!now.ok || !target) return;
  const facts = await gatherFacts(app, site, target, "its watch is over");
  if (!facts.ok) return;
  const live = now.value
    .flatMap((one) => one.live)
    .filter((one) => one.release !== serving)
    .map((one) => one.release);
  const left = [...new Set(live)].flatMap((id) => releaseOf(app, site, id) ?? []);
  const plan = planRetire(facts.value, left, env.frozen ? [] : forgettable(env, settings.keepReleases));
  if (plan.steps.length > 0) await runPlan(app, plan, { by: "watch", goingBack: false });
}

function releaseOf(app: App, site: Site, id: string): Release | null {
  return envState(app.deps.ledger.state(), site.settings.env).releases[id]?.release ?? null;
}

function ended(
  app: App,
  watch: WatchState,
  { requests, errors }: Finding,
  outcome: "verified" | "bad" | "undecided",
): NewEvent {
  return {
    type: "watch.ended",
    data: { watch: watch.watch, outcome, requests, errors, ...seenOf(app, watch) },
  };
}
