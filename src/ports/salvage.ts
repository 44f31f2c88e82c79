// Rows that a restore would take away, or has taken away: to be counted before, and brought along after.
import type { Result } from "../core/result.ts";
import type { Changes } from "../core/salvage/changes.ts";
import type { Findings, Pick } from "../core/salvage/verdict.ts";
import type { Op } from "./op.ts";

export type Replayed = Findings & {
  readonly op: string;
  /** Values and rows that were parked, because the live schema has no home for them. */
  readonly parked: number;
  /** Sequences that were raised, so that no number is given out twice. */
  readonly sequences: number;
  /** This op was done before; nothing was changed now. */
  readonly before: boolean;
};

/** What a restore or its undo replaced. */
export type Kept = {
  /** `before-<op>` */
  readonly id: string;
  /** The backup that took its place; null where that is not known: then every row is compared, which takes longer. */
  readonly from: string | null;
};

/**
 * Failures: `missing`, `busy` (tables are locked by others), `damaged`, `unreachable`, `failed`; of `replay` also
 * `fenced`, `conflict`, `cancelled`.
 */
export interface Salvage {
  /**
   * What was written into the live database since a backup, by table: what putting that backup back would take away.
   * Of a kept database (`before-<op>`): what was written since it was replaced, which its way back would take away.
   * Changes nothing, holds nobody up.
   */
  since(backup: string, signal?: AbortSignal): Promise<Result<Changes>>;
  /**
   * What a kept database has that the live one lacks, row by row, and what could come back. Changes nothing, holds
   * nobody up.
   */
  look(kept: Kept, pick: Pick, signal?: AbortSignal): Promise<Result<Findings>>;
  /**
   * Bring what is picked into the live database: all of it in one transaction with a marker of the op, or nothing.
   * Writers of the tables it touches wait meanwhile. The same op again changes nothing and says what it did.
   */
  replay(op: Op, kept: Kept, pick: Pick): Promise<Result<Replayed>>;
  /** What became of an op, from the live database itself; null where it left nothing. */
  replayed(op: string): Promise<Result<Replayed | null>>;
}
