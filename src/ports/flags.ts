import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";

export type FlagState = {
  readonly on: boolean;
  /** Rises by one with every change, whoever made it. */
  readonly version: number;
};

/** Switches inside the app. The service and its clients are still to come; plans and the simulated world know it. */
export interface Flags {
  /** `missing` where no such flag is known. */
  read(name: string): Promise<Result<FlagState>>;
  /** Compare and set. `conflict` when the version moved, `fenced` on a lower epoch. */
  write(op: Op, name: string, expected: number, on: boolean): Promise<Result<FlagState>>;
}
