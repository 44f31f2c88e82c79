// lastgood history: what went out, what went back, and the timeline of the newest events.
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { isQuarantined, newestFirst } from "../core/view/releases.ts";
import { timeline } from "../core/view/timeline.ts";
import { type App, site } from "./app.ts";

export type HistoryInput = { readonly env: string; readonly limit: number };

export function history(app: App, input: HistoryInput): Outcome {
  const found = site(app, input.env);
  if (!found.ok) return stopped("history", input.env, found.error);
  const state = app.deps.ledger.state();
  const env = envState(state, input.env);
  const releases = newestFirst(env).map((one) => ({
    release: one.release.id,
    version: one.release.version,
    madeAt: one.madeAt,
    servedAt: one.servedAt,
    goodAt: one.goodAt,
    current: one.release.id === env.serving,
    bad: isQuarantined(env, one.release.digest),
    kept: one.kept,
  }));
  const runs = [...env.history]
    .reverse()
    .slice(0, input.limit)
    .map((run) => ({ ...run }));
  const { journal } = app.deps.ledger;
  const events = journal.read(Math.max(0, journal.head() - input.limit), input.limit);
  const data = { releases, runs, timeline: timeline(events, state.runs).map((row) => ({ ...row })) };
  const what = `${runs.length} runs, ${releases.length} releases.`;
  return {
    verb: "history",
    env: input.env,
    outcome: "done",
    what,
    means: "",
    next: "lastgood log export has every fact.",
    problem: null,
    data,
  };
}
