// One environment as a fold: its releases, what serves, what is watched, what is quarantined.
import { z } from "zod";
import { type Changes, foldChanges, noChanges } from "./attribute/changes.ts";
import { type BackupState, emptyBackupState, foldBackups } from "./backups/state.ts";
import type { Finding } from "./detect/finding.ts";
import type { Hour } from "./detect/hour.ts";
import { hoursKept } from "./detect/usual.ts";
import { foldVigil, type VigilState } from "./detect/vigil.ts";
import type { Event, EventData, RunOutcome } from "./event.ts";
import { emptyFlagState, type FlagRecord, type FlagState, flagRecord, foldFlags } from "./flags/state.ts";
import { type FlowMark, flowMark } from "./flows/flow.ts";
import { limits } from "./limits.ts";
import { foldOlder, type OlderTried } from "./migrations/older.ts";
import type { PlanKind } from "./plan/plan.ts";
import type { Release } from "./release.ts";
import type { RunState } from "./run.ts";
import { type MigrationWindow, windowOf, windowsKept } from "./salvage/window.ts";

export type ReleaseState = {
  readonly release: Release;
  readonly madeAt: number;
  /** When it passed its watch; null: not (yet). */
  readonly goodAt: number | null;
  readonly servedAt: number | null;
  /** False once its files were dropped. */
  readonly kept: boolean;
  /** What flags were when it last began to serve: switches by hand, and the definitions beneath them. */
  readonly flags: FlagRecord | null;
  /** The backup taken just before it went out. */
  readonly restorePoint: string | null;
  /** How its flows were through the public port when they were tried last, well. */
  readonly flows?: readonly FlowMark[];
};

export type WatchState = EventData<"watch.started"> & {
  readonly startedAt: number;
  readonly finding: Finding | null;
};

export type RunSummary = {
  readonly run: string;
  readonly kind: PlanKind;
  readonly target: string;
  readonly from: string | null;
  readonly why: string;
  readonly by: string;
  readonly at: number;
  readonly outcome: RunOutcome | "paused" | null;
  readonly ms: number | null;
};

export type EnvState = {
  readonly releases: Readonly<Record<string, ReleaseState>>;
  /** Release id that the route was last proven to point at. */
  readonly serving: string | null;
  readonly servingSince: number | null;
  /** The run that is open or paused: the lock. */
  readonly run: string | null;
  readonly watch: WatchState | null;
  readonly lastWatch: (Omit<EventData<"watch.ended">, "seen"> & { readonly release: string }) | null;
  readonly quarantine: Readonly<
    Record<string, { readonly release: string; readonly why: string; readonly at: number }>
  >;
  /** Counts of the newest good watch: the baseline of the next one. */
  readonly baseline: { readonly requests: number; readonly errors: number } | null;
  /** What its traffic was, hour by hour, newest last. */
  readonly hours: readonly Hour[];
  readonly lastDecision: (EventData<"decision.made"> & { readonly at: number; readonly seq: number }) | null;
  /** When Lastgood went back by itself, newest last. */
  readonly acts: readonly number[];
  /** Nothing is deployed until a person lifts it. */
  readonly frozen: { readonly at: number; readonly by: string; readonly why: string } | null;
  /** The round of listening outside of watches: the one that goes on, or the newest. */
  readonly vigil: VigilState | null;
  /** What could have caused trouble. */
  readonly changes: Changes;
  /** What was received up to this number was decided on; null: nothing was ever received. */
  readonly heard: number | null;
  /** Newest last. */
  readonly history: readonly RunSummary[];
  readonly flags: FlagState;
  readonly backups: BackupState;
  /** When tasks of deploys (migrations) ran on the database, newest last. */
  readonly migrated: readonly MigrationWindow[];
  /** Older releases that were tried on the schema of newer ones, newest last. */
  readonly older: readonly OlderTried[];
  /** Migrations that releases brought along, by release id; oldest first. */
  readonly brought: Readonly<Record<string, readonly string[]>>;
};

export const emptyEnv: EnvState = {
  releases: {},
  serving: null,
  servingSince: null,
  run: null,
  watch: null,
  lastWatch: null,
  quarantine: {},
  baseline: null,
  hours: [],
  lastDecision: null,
  acts: [],
  frozen: null,
  vigil: null,
  changes: noChanges,
  heard: null,
  history: [],
  flags: emptyFlagState,
  backups: emptyBackupState,
  migrated: [],
  older: [],
  brought: {},
};

export function foldEnv(env: EnvState, event: Event, run: RunState | null): EnvState {
  const folded = foldFacts(env, event, run);
  const changes = foldChanges(folded.changes, event, run, folded.releases);
  return changes === folded.changes ? folded : { ...folded, changes };
}

function foldFacts(env: EnvState, event: Event, run: RunState | null): EnvState {
  const flags = foldFlags(env.flags, event, env.serving);
  if (flags !== env.flags) return { ...env, flags };
  const backups = foldBackups(env.backups, event);
  if (backups !== env.backups) return { ...env, backups };
  const older = foldOlder(env.older, event);
  if (older !== env.older) return { ...env, older };
  switch (event.type) {
    case "release.made":
      return withRelease(env, event.data.release.id, {
        ...fresh(event.data.release, event.at),
        ...known(env, event.data.release.id),
      });
    case "release.became-good":
      return withRelease(env, event.data.release, { goodAt: event.at });
    case "release.pruned":
      return withRelease(env, event.data.release, { kept: false });
    case "release.quarantined":
      return {
        ...env,
        quarantine: {
          ...env.quarantine,
          [event.data.digest]: { release: event.data.release, why: event.data.why, at: event.at },
        },
      };
    case "release.lifted":
      return { ...env, quarantine: without(env.quarantine, event.data.digest) };
    case "watch.started":
      return { ...env, watch: { ...event.data, startedAt: event.at, finding: null } };
    case "watch.found":
      return env.watch ? { ...env, watch: { ...env.watch, finding: event.data.finding } } : env;
    case "watch.ended":
      return endWatch(env, event.data);
    case "traffic.counted": {
      const { env: _, ...hour } = event.data;
      return { ...env, hours: [...env.hours, hour].slice(-hoursKept) };
    }
    case "decision.made":
      return {
        ...env,
        lastDecision: { ...event.data, at: event.at, seq: event.seq },
        acts: isAct(event.data) ? [...env.acts, event.at].slice(-limits.historyRows) : env.acts,
      };
    case "migrate.brought":
      return { ...env, brought: { ...env.brought, [event.data.release]: event.data.names } };
    case "deploys.frozen":
      return { ...env, frozen: { at: event.at, by: event.data.by, why: event.data.why } };
    case "deploys.unfrozen":
      return { ...env, frozen: null };
    case "vigil.began":
    case "vigil.found":
    case "vigil.ended":
      return { ...env, vigil: foldVigil(env.vigil, event) };
    case "signals.heard":
      return { ...env, heard: event.data.upTo };
    default:
      return run ? foldRunInEnv(env, event, run) : env;
  }
}

/** Without a person: what somebody reports is done at their word. */
function isAct({ decision, report }: EventData<"decision.made">): boolean {
  return !report && (decision === "flag-off" || decision === "roll-back" || decision === "restore");
}

function foldRunInEnv(env: EnvState, event: Event, run: RunState): EnvState {
  switch (event.type) {
    case "run.planned": {
      const { plan, by } = event.data;
      const summary = {
        run: run.run,
        kind: plan.kind,
        target: plan.target,
        from: plan.from,
        why: plan.why,
        by,
        at: event.at,
        outcome: null,
        ms: null,
      };
      return { ...env, run: run.run, history: [...env.history, summary].slice(-limits.historyRows) };
    }
    case "run.paused":
      return { ...env, history: summarise(env, run.run, "paused", null) };
    case "run.ended":
      return {
        ...env,
        run: env.run === run.run ? null : env.run,
        history: summarise(env, run.run, event.data.outcome, event.data.ms),
      };
    case "step.verified":
      return foldEvidence(env, event.data, event.at, run);
    default:
      return env;
  }
}

/** What a step proved about the target that later plans need to know. */
function foldEvidence(env: EnvState, step: EventData<"step.verified">, at: number, run: RunState): EnvState {
  if (step.kind === "traffic.switch" || step.kind === "service.rollout") {
    const { release } = step.evidence as { release: string | null };
    if (release !== null)
      return serve(withRelease(env, release, { servedAt: at, flags: flagRecord(env.flags) }), release, at);
    // A service that only the other release has goes to nobody; that says nothing of the rest.
    return step.direction === "undo" && run.plan.from === null ? serve(env, null, at) : env;
  }
  if (step.kind === "stack.leave") return serve(env, null, at);
  // One that is taken on the way back is of the schema of now: going back from a release needs the one of before it.
  if (step.kind === "database.backup" && run.plan.kind.startsWith("deploy")) {
    const { backup, store = null } = step.evidence as { backup: string; store?: string | null };
    return store === null ? withRelease(env, run.plan.target, { restorePoint: backup }) : env;
  }
  if (step.kind === "task.run") {
    const window = windowOf({
      plan: run.plan.kind,
      task: run.do[step.key],
      backup: run.do["backup"],
      recovered: step.recovered,
    });
    return window ? { ...env, migrated: [...env.migrated, window].slice(-windowsKept) } : env;
  }
  if (step.kind === "smoke.run") return foldFlows(env, step, run);
  if (step.kind === "release.forget") {
    const gone = run.plan.steps.find((one) => one.key === step.key)?.input as { release: string } | undefined;
    return gone ? withRelease(env, gone.release, { kept: false }) : env;
  }
  return env;
}

function foldFlows(env: EnvState, step: EventData<"step.verified">, run: RunState): EnvState {
  const tried = z.looseObject({ release: z.string(), through: z.literal("public") });
  const input = tried.safeParse(run.plan.steps.find((one) => one.key === step.key)?.input);
  const seen = z.looseObject({ flows: z.array(flowMark) }).safeParse(step.evidence);
  if (!input.success || !seen.success) return env;
  return withRelease(env, input.data.release, { flows: seen.data.flows });
}

function serve(env: EnvState, release: string | null, at: number): EnvState {
  return release === env.serving ? env : { ...env, serving: release, servingSince: at };
}

/** What was seen stays in the journal: it is large, and asked for seldom. */
function endWatch(env: EnvState, { seen: _, ...ended }: EventData<"watch.ended">): EnvState {
  const { watch } = env;
  if (!watch) return env;
  const counted =
    ended.outcome === "verified" ? { requests: ended.requests, errors: ended.errors } : env.baseline;
  return { ...env, watch: null, lastWatch: { ...ended, release: watch.release }, baseline: counted };
}

function fresh(release: Release, at: number): ReleaseState {
  return { release, madeAt: at, goodAt: null, servedAt: null, kept: true, restorePoint: null, flags: null };
}

function known(env: EnvState, id: string): Partial<ReleaseState> {
  const former = env.releases[id];
  return former
    ? {
        goodAt: former.goodAt,
        servedAt: former.servedAt,
        restorePoint: former.restorePoint,
        ...(former.flows ? { flows: former.flows } : {}),
      }
    : {};
}

function withRelease(env: EnvState, id: string, change: Partial<ReleaseState>): EnvState {
  const former = env.releases[id];
  if (!former && !change.release) return env;
  return { ...env, releases: { ...env.releases, [id]: { ...former, ...change } as ReleaseState } };
}

function summarise(
  env: EnvState,
  run: string,
  outcome: RunSummary["outcome"],
  ms: number | null,
): readonly RunSummary[] {
  return env.history.map((row) => (row.run === run ? { ...row, outcome, ms } : row));
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
