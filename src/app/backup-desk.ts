// What use cases about backups are given for one environment.
import type { Assertion } from "../core/backups/assertion.ts";
import type { Every } from "../core/backups/schedule.ts";
import type { Result } from "../core/result.ts";
import type { Progressed } from "../core/view/progress.ts";
import type { BackupCare } from "../ports/backup-care.ts";
import type { PointInTime } from "../ports/point-in-time.ts";
import type { Salvage } from "../ports/salvage.ts";
import type { SecondPlace } from "../ports/second-place.ts";

/** A store beside the database. Its ids begin with its name. */
export type StoreDesk = BackupDesk & {
  /** Before which deploys a snapshot is taken. */
  readonly snapshot: "before-deploy" | "before-tasks" | "by-hand";
};

export type BackupDesk = {
  /** What a person types before it is replaced: `shop.db`, `shop_production`. */
  name(): Promise<Result<string>>;
  readonly care: BackupCare;
  /** Left out where the server's WAL is not archived. */
  readonly pointInTime?: PointInTime;
  /** Left out where rows cannot be brought along from what a restore replaced. */
  readonly salvage?: Salvage;
  readonly assertions: readonly Assertion[];
  /** Null: only by hand and before releases. */
  readonly backups: Every | null;
  readonly drills: Every | null;
  readonly second: SecondPlace | null;
  /** Backups leave this machine for the second place as they are, and anybody who gets at it can read them. */
  readonly bare: boolean;
  /** How long a database that a restore replaced is kept, in words: `until 5 newer ones are kept`. */
  readonly keptUntil: string;
  /** How far long acts of this environment's database are; returns how to stop listening. */
  listen(listener: (progressed: Progressed) => void): () => void;
};
