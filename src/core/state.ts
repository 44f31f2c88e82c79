// What the journal amounts to right now: the fold that the engine and every screen start from. Bounded in size.

import { type EnvState, emptyEnv, foldEnv } from "./env-state.ts";
import type { Event, Holder } from "./event.ts";
import { limits } from "./limits.ts";
import { foldRun, type RunState, runOf } from "./run.ts";

export const stateVersion = 6;

export type State = {
  readonly seq: number;
  readonly controller: Holder | null;
  readonly envs: Readonly<Record<string, EnvState>>;
  /** Runs that are not ended, and each environment's newest ended one. */
  readonly runs: Readonly<Record<string, RunState>>;
  /** Newest durations by step kind and by `plan:<kind>`, milliseconds. */
  readonly durations: Readonly<Record<string, readonly number[]>>;
};

export const emptyState: State = { seq: 0, controller: null, envs: {}, runs: {}, durations: {} };

export function fold(state: State, event: Event): State {
  const next = { ...state, seq: event.seq };
  if (event.type === "controller.started") return { ...next, controller: event.data.holder };
  if (event.type === "controller.stopped") return { ...next, controller: null };
  const id = runOf(event);
  const former = id === null ? undefined : state.runs[id];
  const run = id === null ? null : foldRun(former, event);
  const env = run?.plan.env ?? envOf(state, event);
  const runs = run ? withRun(next.runs, run) : next.runs;
  const envs =
    env === null ? next.envs : { ...next.envs, [env]: foldEnv(next.envs[env] ?? emptyEnv, event, run) };
  return { ...next, runs, envs, durations: withDuration(next.durations, event, run) };
}

export function envState(state: State, env: string): EnvState {
  return state.envs[env] ?? emptyEnv;
}

function envOf(state: State, event: Event): string | null {
  if ("env" in event.data) return event.data.env;
  if (!("watch" in event.data)) return null;
  const watch = event.data.watch;
  return Object.entries(state.envs).find(([, env]) => env.watch?.watch === watch)?.[0] ?? null;
}

/** An ended run stays until the next run of its environment begins: screens show it. */
function withRun(runs: State["runs"], run: RunState): State["runs"] {
  const kept = Object.entries(runs).filter(
    ([, other]) => other.status !== "ended" || other.plan.env !== run.plan.env,
  );
  return { ...Object.fromEntries(kept), [run.run]: run };
}

function withDuration(durations: State["durations"], event: Event, run: RunState | null): State["durations"] {
  if (event.type === "step.verified" && !event.data.recovered)
    return add(durations, event.data.kind, event.data.ms);
  if (event.type === "run.ended" && event.data.outcome === "done" && run) {
    return add(durations, `plan:${run.plan.kind}`, event.data.ms);
  }
  return durations;
}

function add(durations: State["durations"], key: string, ms: number): State["durations"] {
  return { ...durations, [key]: [...(durations[key] ?? []), ms].slice(-limits.estimateSamples) };
}

/** Median of measured durations, milliseconds; null where nothing was measured yet. */
export function estimateMs(state: State, key: string): number | null {
  const sorted = [...(state.durations[key] ?? [])].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}
