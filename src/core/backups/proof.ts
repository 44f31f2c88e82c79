// What is known about the way back: how long a restore takes, and how well that is known.
import type { BackupState, Drill } from "./state.ts";

/** Drills that the time of a restore is taken from. */
const recent = 5;

export type Proof = {
  /** The newest drill; null: never drilled, which is never well. */
  readonly drill: Drill | null;
  /** The newest that worked. */
  readonly proved: Drill | null;
  readonly ageMs: number | null;
};

export function proofOf({ drills }: BackupState, now: number): Proof {
  const drill = drills.at(-1) ?? null;
  const proved = drills.findLast((one) => one.problem === null) ?? null;
  return { drill, proved, ageMs: drill === null ? null : Math.max(0, now - drill.at) };
}

/**
 * How long a restore of so many bytes takes on this server, ms: the slowest of the last five drills that worked, scaled
 * by growth. Null where none ever did.
 */
export function restoreMs({ drills }: BackupState, bytes: number): number | null {
  const worked = drills.filter((one) => one.problem === null).slice(-recent);
  if (worked.length === 0) return null;
  return Math.ceil(Math.max(...worked.map((one) => one.ms * growth(bytes, one.bytes))));
}

/** A smaller one is not promised to be quicker: a part of the time does not depend on the size. */
function growth(now: number, then: number): number {
  return then > 0 ? Math.max(1, now / then) : 1;
}

/** Was this very backup drilled, and is it right? Null: never drilled. */
export function drillOf({ drills }: BackupState, backup: string): Drill | null {
  return drills.findLast((one) => one.backup === backup) ?? null;
}
