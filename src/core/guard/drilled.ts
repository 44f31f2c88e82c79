// A deploy that brings a migration, while nobody knows whether the way back works: said, or refused, as configured.
import { proofOf } from "../backups/proof.ts";
import type { BackupState } from "../backups/state.ts";
import { span } from "../doctor/look.ts";
import type { Problem } from "../result.ts";

export type DrillGate = {
  readonly act: "warn" | "refuse" | "off";
  /** Older than this, the newest drill says nothing any more. Milliseconds. */
  readonly maxMs: number;
};

/** Why the newest drill does not prove the way back; null where it does. `now`: wall clock, milliseconds. */
export function unproved(
  state: BackupState,
  { maxMs }: Pick<DrillGate, "maxMs">,
  now: number,
): string | null {
  const { drill, ageMs } = proofOf(state, now);
  if (drill === null || ageMs === null)
    return "no backup was ever drilled: nobody knows whether one can be restored";
  if (drill.problem !== null)
    return `the newest drill, ${span(ageMs)} ago, failed: ${drill.problem.replace(/\.$/, "")}`;
  return ageMs > maxMs ? `the newest drill is ${span(ageMs)} old, older than ${span(maxMs)}` : null;
}

/** Null where it may go out. */
export function guardDrilled(state: BackupState, gate: DrillGate, now: number): Problem | null {
  const why = gate.act === "refuse" ? unproved(state, gate, now) : null;
  if (why === null) return null;
  return {
    code: "refused",
    what: `this deploy brings a migration, and ${why}`,
    next: "lastgood drill, then deploy again; or drill: beforeMigrations: warn in lastgood.yml.",
  };
}
