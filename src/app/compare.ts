// lastgood compare: will a rollback help? Two releases on the same minutes since their switch, from what watches kept.
import { type Comparison, compareBack, compareReleases } from "../core/compare/compare.ts";
import type { WatchSummary } from "../core/compare/summary.ts";
import type { WatchState } from "../core/env-state.ts";
import type { EventOf, NewEvent } from "../core/event.ts";
import type { JsonObject } from "../core/json.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { byVersion, lastGood } from "../core/view/releases.ts";
import { type App, site } from "./app.ts";

export type CompareInput = {
  readonly env: string;
  /** A version or release; null: what serves. */
  readonly release: string | null;
  /** What one would go back to; null: last good. */
  readonly to: string | null;
};

const verb = "compare";
const searched = 2_000;
const dayMs = 24 * 3_600_000;

export function compare(app: App, { env, release, to }: CompareInput): Outcome {
  const found = site(app, env);
  if (!found.ok) return stopped(verb, env, found.error);
  const pair = pairOf(app, env, release, to);
  if (!pair.ok) return stopped(verb, env, pair.error);
  const { now, former } = pair.value;
  const mine = seenNow(app, env, now.id);
  const theirs = nearestHour(kept(app, env, former.id), mine?.startedAt ?? app.deps.clock.now());
  return outcomeOf(env, now.version, former.version, compareReleases(mine, theirs));
}

type Named = { readonly id: string; readonly version: string };

function pairOf(
  app: App,
  env: string,
  release: string | null,
  to: string | null,
): Result<{ now: Named; former: Named }> {
  const state = envState(app.deps.ledger.state(), env);
  const now = release === null ? state.releases[state.serving ?? ""] : byVersion(state, release);
  if (!now)
    return problem(
      "missing",
      `${release ?? "nothing"} was never deployed to ${env}`,
      "lastgood history lists them.",
    );
  const former = to === null ? lastGood(state, now.release.id) : byVersion(state, to);
  if (!former)
    return problem(
      "missing",
      `there is no ${to ?? "earlier good release"} to compare with`,
      "lastgood history lists them.",
    );
  return ok({ now: now.release, former: former.release });
}

/** The watch that goes on, else the newest that was kept. */
function seenNow(app: App, env: string, release: string): WatchSummary | null {
  const { watch } = envState(app.deps.ledger.state(), env);
  const live = app.watching.seen.get(env);
  if (watch?.release === release && live?.watch === watch.watch) return live.summary();
  return kept(app, env, release)[0] ?? null;
}

/** Of all watches of a release, newest first. */
function kept(app: App, env: string, release: string): readonly WatchSummary[] {
  const { journal } = app.deps.ledger;
  const events = journal.newest(["watch.started", "watch.ended"], journal.head() + 1, searched);
  const ofRelease = new Set(
    events.flatMap((event) => {
      const data = event.type === "watch.started" ? event.data : null;
      return data?.env === env && data.release === release ? [data.watch] : [];
    }),
  );
  return events
    .filter(
      (event): event is EventOf<"watch.ended"> =>
        event.type === "watch.ended" && ofRelease.has(event.data.watch),
    )
    .flatMap(({ data }) => (data.seen && data.seen.bins.length > 0 ? [data.seen] : []));
}

/** What was left, and what serves again: told once it was seen for as long as a way back is watched. */
export function comparedBack(app: App, watch: WatchState): readonly NewEvent[] {
  const { env, release: to, previous: left } = watch;
  const live = app.watching.seen.get(env);
  if (watch.after !== "rollback" || left === null || live?.watch !== watch.watch) return [];
  const { answer, why, measures } = compareBack(live.summary(), kept(app, env, left)[0] ?? null);
  const figures = measures.map((one) => ({ ...one }));
  const data = { env, watch: watch.watch, left, to, helped: answer, why, measures: figures };
  return [{ type: "rollback.compared", data }];
}

/** The one that began at the most similar time of day. */
function nearestHour(all: readonly WatchSummary[], at: number): WatchSummary | null {
  const apart = ({ startedAt }: WatchSummary) => {
    const gap = Math.abs(startedAt - at) % dayMs;
    return Math.min(gap, dayMs - gap);
  };
  return all.toSorted((a, b) => apart(a) - apart(b))[0] ?? null;
}

const means = {
  yes: "Going back should help.",
  no: "Going back would not help.",
  "cannot tell": "It cannot be told.",
};

function outcomeOf(env: string, now: string, then: string, comparison: Comparison): Outcome {
  const { answer, why, minutes } = comparison;
  const over = minutes === 0 ? "" : ` (the first ${minutes} min of each)`;
  return {
    verb,
    env,
    outcome: "done",
    what: `${now} against ${then}${over}: ${answer}. ${means[answer]}`,
    means: why,
    next: answer === "yes" ? "lastgood rollback" : "lastgood explain shows the newest decision.",
    problem: null,
    data: { release: now, to: then, ...(comparison as unknown as JsonObject) },
  };
}
