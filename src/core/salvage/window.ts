// The moments around a migration, by which rows that it wrote are told from rows of users.
import { z } from "zod";
import type { PlanKind } from "../plan/plan.ts";
import type { StepState } from "../run.ts";
import { parseSnapshot, type Snapshot } from "./snapshot.ts";

/** A database at one moment, as a step writes it down. */
export const databaseMoment = z.strictObject({
  /** `pg_current_snapshot()` as text: every transaction that had ended is visible in it. */
  snapshot: z.string(),
  /** How many times the server's transaction numbers of 32 bits had gone round. */
  epoch: z.number(),
  /** Of the write-ahead log. */
  position: z.string(),
});
export type DatabaseMoment = z.infer<typeof databaseMoment>;

export type MigrationWindow = {
  /** The backup that was taken just before, in the same run; null where there is none. */
  readonly restorePoint: string | null;
  /** Snapshots just before it began and just after it ended. */
  readonly before: string;
  readonly after: string;
  /** The app was stopped meanwhile, so all that was written between the two is the migration's. */
  readonly alone: boolean;
};

/** More deploys than anybody salvages over. */
export const windowsKept = 200;

type Ran = {
  readonly plan: PlanKind;
  readonly task: StepState | undefined;
  readonly backup: StepState | undefined;
  /** Its end was found out later, by whoever came after a crash: others may have written since it ended. */
  readonly recovered: boolean;
};

/** Of a task that ended well; null where its steps noted no moments (no database, or one that can't tell). */
export function windowOf({ plan, task, backup, recovered }: Ran): MigrationWindow | null {
  const before = databaseMoment.safeParse(task?.before);
  const after = z.looseObject({ after: databaseMoment }).safeParse(task?.evidence);
  if (!before.success || !after.success) return null;
  const taken = z.looseObject({ backup: z.string() }).safeParse(backup?.evidence);
  return {
    restorePoint: taken.success ? taken.data.backup : null,
    before: before.data.snapshot,
    after: after.data.after.snapshot,
    alone: plan === "deploy-paused" && !recovered,
  };
}

/** Those that say something of rows written from `from` until `now`. */
export function windowsSince(
  windows: readonly MigrationWindow[],
  from: Snapshot,
  now: Snapshot,
): readonly MigrationWindow[] {
  return windows.filter(({ before, after }) => {
    const [began, ended] = [parseSnapshot(before), parseSnapshot(after)];
    return began !== null && ended !== null && ended.xmax > from.xmin && ended.xmax <= now.xmax;
  });
}

/**
 * May rows that count as the migration's be a user's? So where users wrote while it ran, or between the moment and its
 * beginning, in rows that it wrote again. Before it, nobody did where the moment is its own restore point.
 */
export function mayHideUsers(
  { alone, restorePoint, before }: MigrationWindow,
  from: Snapshot,
  backup: string | null,
): boolean {
  if (!alone) return true;
  if (backup !== null && restorePoint === backup) return false;
  const began = parseSnapshot(before);
  return began === null || began.xmin > from.xmin;
}
