// Backups and drills that fall due, beside the beat of the controller: one act an environment at a time.
import { dueAt, type Every } from "../core/backups/schedule.ts";
import type { BackupState } from "../core/backups/state.ts";
import { envState } from "../core/state.ts";
import type { App } from "./app.ts";
import { drillMoment } from "./archive.ts";
import { scheduled, takeBackup, toSecondPlace } from "./backup.ts";
import { watchData } from "./data-alarm.ts";
import { runDrill } from "./drill.ts";
import { backupState, type Desk, deskOf } from "./find-backup.ts";
import { openRun } from "./open-run.ts";

export type BackupSchedule = {
  /** Begin what is due; returns at once. */
  beat(): void;
  /** When all that was begun is over. */
  idle(): Promise<void>;
};

export function backupSchedule(app: App): BackupSchedule {
  const working = new Map<string, Promise<void>>();
  /** When the data was looked at in this watch: on the monotonic clock. */
  const looked = new Map<string, { readonly watch: string; readonly elapsedMs: number }>();
  return {
    beat() {
      for (const env of app.sites.keys()) {
        const desk = working.has(env) ? null : deskOf(app, env);
        const work = desk?.ok ? (dueNow(app, env, desk.value) ?? dueInWatch(app, desk.value, looked)) : null;
        if (work === null) continue;
        working.set(
          env,
          work().finally(() => working.delete(env)),
        );
      }
    },
    async idle() {
      await Promise.allSettled([...working.values()]);
    },
  };
}

/** A run of the environment goes first: what is due waits for it. */
function dueNow(app: App, env: string, desk: Desk): (() => Promise<void>) | null {
  if (openRun(app, env)?.status === "open") return null;
  const state = backupState(app, env);
  const now = app.deps.clock.now();
  const isDue = (every: Every | null, past: Parameters<typeof dueAt>[1]) =>
    every !== null && dueAt(every, past) <= now;
  const { backups, drills } = desk.desk;
  const taken = { last: state.taken?.at ?? null, failed: state.failure?.at ?? null };
  if (isDue(backups, taken)) return () => backUp(app, desk);
  // There is nothing to drill before the first backup.
  if (state.taken !== null && isDue(drills, drilled(state))) return () => drillNewest(app, desk);
  return null;
}

type Looked = Map<string, { readonly watch: string; readonly elapsedMs: number }>;

/** A release that damages data is to be noticed while it is watched, not by the next backup. CHANGES `looked`. */
function dueInWatch(app: App, desk: Desk, looked: Looked): (() => Promise<void>) | null {
  const { env, watch: every } = desk.site.settings;
  const { watch } = envState(app.deps.ledger.state(), env);
  if (!watch || every.integrityMs === undefined || openRun(app, env)?.status === "open") return null;
  const now = app.deps.clock.elapsed();
  const last = looked.get(env);
  if (last?.watch === watch.watch && now - last.elapsedMs < every.integrityMs) return null;
  looked.set(env, { watch: watch.watch, elapsedMs: now });
  return () => watchData(app, desk);
}

function drilled({ drills }: BackupState): Parameters<typeof dueAt>[1] {
  const last = drills.findLast((one) => one.problem === null)?.at ?? null;
  const failed = drills.findLast((one) => one.problem !== null)?.at ?? null;
  return { last, failed };
}

async function backUp(app: App, desk: Desk): Promise<void> {
  const taken = await takeBackup(app, desk, scheduled);
  if (taken.ok) await watchData(app, desk);
}

async function drillNewest(app: App, desk: Desk): Promise<void> {
  const done = await runDrill(app, desk, { id: null, by: scheduled });
  if (done.ok) await toSecondPlace(app, desk, done.value.backup);
  if (desk.desk.pointInTime) await drillMoment(app, desk, { at: null, by: scheduled }, true);
}
