// The controller, its journal, and what it is at in each environment.
import { z } from "zod";
import type { BackupState } from "../../core/backups/state.ts";
import { bad, type Look, size, span, warn, well } from "../../core/doctor/look.ts";
import { release } from "../../core/release.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Files } from "../../ports/files.ts";

const environment = z.object({
  env: z.string(),
  serving: z.string().nullable(),
  lastGood: z.string().nullable(),
  newestGood: z.string().nullable(),
  known: z.array(release),
  services: z.array(z.object({ service: z.string(), routed: z.boolean(), path: z.string().nullable() })),
  run: z
    .object({
      run: z.string(),
      kind: z.string(),
      target: z.string(),
      status: z.string(),
      why: z.string().nullable(),
    })
    .nullable(),
  watch: z
    .object({
      release: z.string(),
      startedAt: z.number(),
      forMs: z.number(),
      finding: z.string().nullable(),
      why: z.string().nullable(),
    })
    .nullable(),
  backups: z.custom<BackupState>(isBackupState),
});

/** It comes from our own fold, of this version or another: what is looked into must be there. */
function isBackupState(value: unknown): boolean {
  const state = value as Partial<BackupState> | null | undefined;
  return Array.isArray(state?.drills) && typeof state.integrity === "object" && state.copied !== undefined;
}

export const vitalsShape = z.object({
  /** Digest of the config in force; a controller of before 0.2 does not say it. */
  config: z.string().optional(),
  controller: z.object({ pid: z.number(), who: z.string(), startTime: z.string() }),
  journal: z.object({ head: z.number(), epoch: z.number(), diskFull: z.boolean() }),
  environments: z.array(environment),
});
export type Vitals = z.infer<typeof vitalsShape> & {
  /** A controller runs; else the journal was opened just to look. */
  readonly runs: boolean;
};

/** Asked once, however many checks want to know. */
export type AskVitals = () => Promise<Result<Vitals>>;

/** `readonly` figures of the files beside the journal; `copied` is the newest fact in its copy. */
export type JournalFiles = { readonly file: string; copied(): { seq: number; problem: string | null } };

const scarceBytes = 256 * 1024 * 1024;

/** USER_HZ: what the kernel counts start times in, 100 on every Linux. */
const ticksPerSecond = 100;

/** `config`: digest of what lastgood.yml says now. */
export function controller(ask: AskVitals, config: string, deps: { clock: Clock }): Check {
  return {
    name: "controller",
    about: "",
    next: "lastgood status --take-over ends it and goes on without it; what it had begun is taken up safely",
    async look(): Promise<Result<readonly Look[]>> {
      const vitals = await ask();
      if (!vitals.ok) return vitals;
      const { runs, controller: holder } = vitals.value;
      const busy = vitals.value.environments.filter((one) => one.watch !== null || one.run !== null);
      if (!runs) {
        const data = { runs: false };
        return ok([
          busy.length > 0
            ? bad("", `none runs, and ${names(busy)} is not watched`, "lastgood serve", data)
            : warn("", "none runs: nobody watches, nobody revives", "lastgood serve", data),
        ]);
      }
      const upMs = Math.max(0, deps.clock.elapsed() - (Number(holder.startTime) / ticksPerSecond) * 1_000);
      const what = `process ${holder.pid}, up ${span(upMs)}`;
      const data = { runs: true, ...holder, upMs };
      const inForce = vitals.value.config;
      if (inForce === undefined || inForce === config) return ok([well("", what, data)]);
      return ok([warn("", `${what}, works by an older lastgood.yml: it was edited since`, restart, data)]);
    },
  };
}

/** Nothing that serves is touched by it, and what was begun is taken up. */
const restart =
  "start the controller again: systemctl restart lastgood, or end lastgood serve and say it again";

function names(list: Vitals["environments"]): string {
  return list.map((one) => one.env).join(", ");
}

export function journal(ask: AskVitals, files: JournalFiles, deps: { files: Files }): Check {
  return {
    name: "journal",
    about: "",
    next: "lastgood log verify",
    async look(): Promise<Result<readonly Look[]>> {
      const [vitals, stat] = await Promise.all([ask(), deps.files.stat(files.file)]);
      if (!stat.ok) return stat;
      if (stat.value === null) return ok([well("", "empty: nothing was done yet")]);
      const { size: bytes, freeBytes } = stat.value;
      const copy = files.copied();
      const looks = [room(bytes, freeBytes, vitals.ok && vitals.value.journal.diskFull)];
      if (copy.problem !== null)
        looks.push(bad("copy", `cannot be read: ${copy.problem}`, "lastgood log verify"));
      else if (vitals.ok) looks.push(step(copy.seq, vitals.value.journal.head));
      return ok(looks);
    },
  };
}

function room(bytes: number, freeBytes: number, full: boolean): Look {
  const data = { bytes, freeBytes, diskFull: full };
  if (full)
    return bad("", "its disk is full: only a way back is still possible", "df -h; free some space", data);
  const what = `${size(bytes)}, ${size(freeBytes)} free`;
  return freeBytes < scarceBytes ? warn("", what, "df -h; free some space", data) : well("", what, data);
}

/** It follows after the commit, so the newest fact may just be on its way. */
function step(copied: number, head: number): Look {
  const data = { copied, head };
  if (copied > head)
    return bad("copy", `has ${copied} facts, the journal ${head}`, "lastgood log verify", data);
  if (copied < head - 1) return warn("copy", `${head - copied} facts behind`, "lastgood log verify", data);
  return well("copy", `in step at fact ${head}`, data);
}

/** Runs that wait for a person, and watches that are not going well. */
export function progress(env: string, ask: AskVitals, deps: { clock: Clock }): Check {
  return {
    name: "run",
    about: "",
    next: null,
    async look(): Promise<Result<readonly Look[]>> {
      const vitals = await ask();
      // The controller's own check tells it already, once for all environments.
      if (!vitals.ok) return ok([]);
      const mine = vitals.value.environments.find((one) => one.env === env);
      if (!mine)
        return problem("config", `the controller does not know ${env}`, "Start it again: lastgood serve");
      return ok([...runLook(mine), ...watchLook(mine, deps.clock.now())]);
    },
  };
}

type Known = Vitals["environments"][number];

function runLook({ run }: Known): readonly Look[] {
  if (run === null) return [];
  const data = { run: run.run, kind: run.kind, target: run.target, status: run.status };
  const what = `${run.kind} of ${run.target} is ${run.status === "paused" ? "paused" : "under way"}`;
  if (run.status === "paused") return [bad("", `${what}: ${run.why ?? ""}`, "lastgood lock show", data)];
  return [warn("", what, "lastgood lock show", data)];
}

function watchLook({ watch, lastGood }: Known, now: number): readonly Look[] {
  if (watch === null) return [];
  const data = { release: watch.release, finding: watch.finding, lastGood };
  if (watch.finding === "bad")
    return [bad("watch", `${watch.release} is bad: ${watch.why}`, "lastgood rollback", data)];
  if (watch.finding === "blind")
    return [warn("watch", `sees nothing: ${watch.why}`, "lastgood status", data)];
  const leftMs = watch.startedAt + watch.forMs - now;
  const left = leftMs > 0 ? `${span(leftMs)} to go` : "until it is known";
  return [well("watch", `${watch.release}, ${left}`, data)];
}
