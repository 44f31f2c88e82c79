// How a database came to its schema, by the tool that the app uses for it.
import type { MigrationStatus } from "../core/migrations/status.ts";
import type { Values, Way } from "../core/migrations/way.ts";
import type { Result } from "../core/result.ts";
import type { CopyPlace } from "./database.ts";
import type { Op } from "./op.ts";

export type DownWish = {
  /** The newest so many. */
  readonly count: number;
  /** All that came after this one; goes before `count`. */
  readonly to: string | null;
};

/** How a way down is gone. */
export type DownCare = {
  /**
   * `refused` where a value or row of now would go along: counted in the transaction, with the tables locked, so that
   * nobody writes between the count and the end. Waits for locks for two seconds only: requests wait meanwhile.
   */
  readonly lossless: boolean;
};

export type DownPlan = {
  /** Newest first. */
  readonly names: readonly string[];
  /** What runs: SQL of ours in one transaction, or a command in a release's own image. */
  readonly by: "us" | "its own tool";
  /** Of those that were made and tried: what is in the live database now, and goes along. */
  readonly ways: readonly {
    readonly way: Way;
    /** Null where it can't be counted yet: a newer one goes down first. */
    readonly takes: readonly Values[] | null;
  }[];
};

/** With a copy of the database that has the new schema; `place` null where it is not fit for it, and `why`. */
export type TryOnSchema = (place: CopyPlace | null, why: string) => Promise<void>;

/** Failures: `missing`, `unreachable`, `failed`; of what goes down also `refused`, `busy`, `fenced`, `conflict`. */
export interface Migrations {
  status(): Promise<Result<MigrationStatus>>;
  /**
   * Make the ways down from what is pending, before it is applied, and try them on a copy of the database: up, down,
   * compare, up again. Kept under the migration's name; one that is kept and fits still is not made again. Empty where
   * nothing is pending, or the tool goes down by itself. `tryOn`: a copy is made also where all ways are kept, and it is
   * called once all that was pending is applied there; not at all where that did not come about.
   */
  prove(op: Op, release: string | null, tryOn?: TryOnSchema | null): Promise<Result<readonly Way[]>>;
  /** All that are kept. */
  ways(): Promise<Result<readonly Way[]>>;
  /** What would go down; `refused` with the reason where it can't. Changes nothing. */
  planDown(wish: DownWish): Promise<Result<DownPlan>>;
  /**
   * Undo them: the scripts, the rows of the tool's table and a marker of the op in one transaction, or nothing.
   * The same op again changes nothing. Only where `planDown` says `us`.
   */
  down(op: Op, names: readonly string[], care?: DownCare): Promise<Result<readonly string[]>>;
  /** What the op took down, from the database itself; null where nothing. */
  wentDown(op: string): Promise<Result<readonly string[] | null>>;
}
