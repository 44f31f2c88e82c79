// What every use case is given: one controller, its journal, and its environments.

import type { TrialSettings } from "../core/backups/aim.ts";
import type { WatchSummary } from "../core/compare/summary.ts";
import type { Policy } from "../core/decide/policy.ts";
import type { Finding } from "../core/detect/finding.ts";
import type { Looked } from "../core/detect/hour.ts";
import type { EventData } from "../core/event.ts";
import type { DrillGate } from "../core/guard/drilled.ts";
import type { PlanFlow, PlanTask, SmokeCheck } from "../core/plan/facts.ts";
import type { Release } from "../core/release.ts";
import type { Result } from "../core/result.ts";
import type { EngineDeps } from "../engine/deps.ts";
import type { Check } from "../ports/checkup.ts";
import type { Ids } from "../ports/clock.ts";
import type { Notifier } from "../ports/notifier.ts";
import type { Op } from "../ports/op.ts";
import type { Signals } from "../ports/signals.ts";
import type { World } from "../ports/world.ts";
import type { BackupDesk, StoreDesk } from "./backup-desk.ts";
import type { Care } from "./care.ts";
import type { FlagDesk } from "./flag-desk.ts";
import type { MigrationDesk } from "./migration-desk.ts";

/** The settings of an environment, from its config. Durations in milliseconds, rates as fractions. */
export type Settings = {
  readonly app: string;
  readonly env: string;
  readonly publicUrl: string;
  readonly strategy: "side-by-side" | "pause";
  readonly smoke: readonly SmokeCheck[];
  readonly flows?: readonly PlanFlow[];
  readonly tasks: readonly PlanTask[];
  readonly drainMs: number;
  /** How long requests may wait; left out where nothing lets them. */
  readonly holdMs?: number;
  readonly watch: {
    readonly forMs: number;
    readonly checkMs: number;
    readonly tolerate: number;
    readonly waitForVerdict: boolean;
    /** Pause between two looks at the data; they are made while a release is watched. */
    readonly integrityMs?: number;
    /** Listen outside of watches too. */
    readonly always?: boolean;
    /** Routes on which people pay, and what people always do: none where nothing is said. */
    readonly payments?: Looked["payments"];
    readonly events?: Looked["events"];
  };
  /** What is left out is as in the default policy. */
  readonly policy: Pick<Policy, "release" | "database"> & Partial<Policy>;
  readonly keepReleases: number;
  /** What a release that is tried on a copy of the database is given; null, or left out: none is started. */
  readonly trial?: TrialSettings | null;
  /** What a deploy that brings a migration asks of drills; left out: nothing. */
  readonly drillGate?: DrillGate;
};

/** One environment, wired to its drivers. */
export type Site = {
  readonly settings: Settings;
  readonly world: World;
  /** Sources for watching one release, by name. */
  signals(release: Release): readonly Signals[];
  /** The edges in front of what these releases route are running (started where they were not). */
  ensure(releases: readonly Release[]): Promise<Result<void>>;
  /** Stop the edges as well: only when an environment is taken down on purpose. */
  end(op: Op): Promise<Result<void>>;
  readonly notifiers: readonly Notifier[];
  /** What visitors are shown: looked at for being another one than before. */
  readonly certificates: readonly Check[];
  /** Null where there is no database to look after. */
  readonly backups: BackupDesk | null;
  /** Of stores beside the database, by name. Left out: there is none. */
  readonly stores?: Readonly<Record<string, StoreDesk>>;
  /** Null, or left out, where nothing says how the app is migrated. */
  readonly migrations?: MigrationDesk | null;
};

export type Watching = {
  /** Newest finding of each environment's watch, in memory: fresher than the journal, which holds changes only. */
  readonly live: Map<string, Finding>;
  /** What each of its streams says, likewise. */
  readonly streams: Map<string, readonly Finding[]>;
  /** What each stream says outside of a watch. */
  readonly vigils: Map<string, readonly Finding[]>;
  /** What is listened to in each environment whichever release serves, and why it is silent where it is. */
  readonly sources: Map<string, readonly { readonly source: string; readonly blind: string | null }[]>;
  /** What users saw in each environment's watch so far, in memory. */
  readonly seen: Map<string, { readonly watch: string; summary(): WatchSummary }>;
  /** Who follows each environment's watch: the watch it is at, and what comes of it. */
  readonly following: Map<string, Following>;
};

export type Following = { watch: string; readonly end: Promise<WatchEnd> };

/** How a watch and what it set off came out. */
export type WatchEnd = {
  readonly outcome: EventData<"watch.ended">["outcome"] | "stopped";
  readonly finding: Finding;
  /** The rollback run that it led to. */
  readonly rollback: string | null;
  /** After a rollback: did the last good release pass? Null while that is not known. */
  readonly helped: boolean | null;
};

export type App = {
  readonly deps: EngineDeps;
  readonly ids: Ids;
  /** Digest of the config that is in force: the file may have been edited since. */
  readonly config: string;
  readonly sites: ReadonlyMap<string, Site>;
  readonly watching: Watching;
  readonly flags: FlagDesk;
  readonly care: (env: string) => Care;
  /** Aborted when the controller stops; runs end at the next boundary, watches at once. */
  readonly stopping: AbortSignal;
};

export function site(app: App, env: string): Result<Site> {
  const found = app.sites.get(env);
  if (found) return { ok: true, value: found };
  const known = [...app.sites.keys()].join(", ");
  return {
    ok: false,
    error: {
      code: "usage",
      what: `no environment "${env}"`,
      next: `lastgood.yml has: ${known}. Name one with -e.`,
    },
  };
}

/** An op outside a run: looks, and edge upkeep. */
export function looseOp(app: App, name: string): Op {
  return { id: app.ids.fresh(name), epoch: app.deps.ledger.journal.epoch(), signal: app.stopping };
}
