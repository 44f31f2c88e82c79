// One life of a controller in the simulated world, and the ways in which it or its calls can go wrong.
import { problem, type Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import { type Target, userWrites } from "./target.ts";

/** The controller's process is gone: nothing of it may run on. */
export class Crash extends Error {
  override name = "Crash";
}

/** What goes wrong with the n-th effect of a scenario. */
export type Fault =
  | "lie-ok" // says ok, did nothing
  | "lie-err" // did it, says failed
  | "late" // says failed; a daemon does it later all the same
  | "leak" // did it, says ok, leaves a child running
  | "hang" // never answers; did it
  | "foreign" // done, then somebody else changes the route
  | "refuse" // plain failure
  | "disk-full"; // no space from now on

export type Perils = {
  /** Crash at these points, counted over the whole scenario; each once. */
  readonly crashAt: readonly number[];
  /** By number of the effect, counted over the whole scenario. */
  readonly faults: Readonly<Record<number, Fault>>;
  /** Every crash is also a reboot of the machine. */
  readonly reboots: boolean;
  /** Just before this effect the controller is frozen (SIGSTOP); it goes on after another one has ended the run. */
  readonly zombieAt?: number;
  /** A person cancels the run during this effect. */
  readonly cancelAt?: number;
};

export type Life = {
  readonly perils: Perils;
  points: number;
  effects: number;
  alive: boolean;
  readonly trace: string[];
  /** Tells whether a durable intent of this op exists: effects without one break the first law. */
  intended(op: string): boolean;
  readonly violations: string[];
  onChange(): void;
  /** A person's cancel, as the CLI records it. */
  cancel(): void;
  /** Called when the controller freezes; resolves when it is thawed. */
  freeze(): Promise<void>;
};

/** A new process, the same scenario: what is counted goes on. */
export function reborn(life: Life): Life {
  return { ...life, alive: true };
}

export function point(life: Life, label: string): void {
  if (!life.alive) throw new Crash("dead controllers do nothing");
  life.points += 1;
  if (life.perils.crashAt.includes(life.points)) {
    life.trace.push(`CRASH at point ${life.points} (${label})`);
    life.alive = false;
    throw new Crash(label);
  }
}

type Effect<T> = {
  readonly label: string;
  readonly op: Op;
  readonly once?: boolean;
  check(): Result<T> | null;
  apply(): T /** What a liar answers who did nothing. */;
  claim(): T;
};

/**
 * Carry out one effect on the target: fence, fault, crash points before and after, and the laws.
 * `check` refuses (conflict, missing) without effect; `apply` is atomic.
 */
export async function effect<T>(
  life: Life,
  target: Target,
  { label, op, once, check, apply, claim }: Effect<T>,
): Promise<Result<T>> {
  point(life, `before ${label}`);
  if (op.signal.aborted)
    return problem("cancelled", `${label} was called off before it began`, "Nothing to do.");
  if (life.perils.zombieAt === life.effects + 1) await life.freeze();
  if (!life.intended(op.id)) life.violations.push(`${label} without a durable intent of ${op.id}`);
  if (op.epoch < target.epoch)
    return problem(
      "fenced",
      `${label}: epoch ${op.epoch} is below ${target.epoch}`,
      "A newer controller acts here.",
    );
  target.epoch = op.epoch;
  target.children.set(op.id, (target.children.get(op.id) ?? 0) + 1);
  point(life, `child of ${label} runs`);
  life.effects += 1;
  if (life.perils.cancelAt === life.effects) life.cancel();
  const refused = check();
  const fault = life.perils.faults[life.effects];
  const result =
    refused ??
    (await withFault(life, target, fault, {
      claim,
      apply: () => commit(life, target, label, op.id, once === true, apply),
    }));
  point(life, `after ${label}`);
  if (fault !== "hang" && fault !== "leak") target.children.delete(op.id);
  return result;
}

function commit<T>(life: Life, target: Target, label: string, op: string, once: boolean, apply: () => T): T {
  const value = apply();
  target.mutations += 1;
  if (once) target.onceEffects.set(op, (target.onceEffects.get(op) ?? 0) + 1);
  life.trace.push(label);
  userWrites(target, `row-${target.mutations}`);
  life.onChange();
  return value;
}

async function withFault<T>(
  life: Life,
  target: Target,
  fault: Fault | undefined,
  { apply, claim }: Pick<Effect<T>, "apply" | "claim">,
): Promise<Result<T>> {
  if (fault) life.trace.push(`FAULT ${fault} at effect ${life.effects}`);
  const refusal = problem("failed", "the target says it failed", "Look at the target.");
  switch (fault) {
    case undefined:
    case "leak":
      return { ok: true, value: apply() };
    case "lie-ok":
      return { ok: true, value: claim() };
    case "lie-err":
      apply();
      return refusal;
    case "late":
      target.underway.push(apply);
      return refusal;
    case "hang":
      apply();
      return new Promise(() => undefined);
    case "foreign": {
      const [before, rollouts] = [new Map(target.routes), new Map(target.rollouts)];
      const value = apply();
      // Somebody who is not us puts the routes back, just after our effect.
      for (const [service, now] of target.routes) {
        const backend = before.get(service)?.backend ?? null;
        if (now.backend !== backend) target.overridden = true;
        const generation = now.generation + 1;
        target.routes.set(service, { ...now, backend, generation, op: "by-hand", held: false });
      }
      for (const [service, was] of rollouts) {
        const now = target.rollouts.get(service);
        if (now?.generation === was.generation) continue;
        target.overridden = true;
        const generation = (now?.generation ?? 0) + 1;
        target.rollouts.set(service, { ...was, generation, op: "by-hand" });
      }
      return { ok: true, value };
    }
    case "refuse":
      return refusal;
    case "disk-full":
      target.diskFull = true;
      return problem("no-space", "no space left on the device", "Free some space.");
  }
}
