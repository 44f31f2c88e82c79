// How a database came to its schema, by the tool that the app uses for it.
import type { MigrationStatus } from "../core/migrations/status.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";

export type DownWish = {
  /** The newest so many. */
  readonly count: number;
  /** All that came after this one; goes before `count`. */
  readonly to: string | null;
};

export type DownPlan = {
  /** Newest first. */
  readonly names: readonly string[];
  /** What runs: SQL of ours in one transaction, or a command in a release's own image. */
  readonly by: "us" | "its own tool";
};

/** Failures: `missing`, `unreachable`, `failed`; of what goes down also `refused`, `busy`, `fenced`, `conflict`. */
export interface Migrations {
  status(): Promise<Result<MigrationStatus>>;
  /** What would go down; `refused` with the reason where it can't. Changes nothing. */
  planDown(wish: DownWish): Promise<Result<DownPlan>>;
  /**
   * Undo them: the scripts, the rows of the tool's table and a marker of the op in one transaction, or nothing.
   * The same op again changes nothing. Only where `planDown` says `us`.
   */
  down(op: Op, names: readonly string[]): Promise<Result<readonly string[]>>;
}
