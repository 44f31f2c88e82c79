import type { Release } from "../core/release.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";

/** A command that runs once, in the image and the environment of a release (a migration, a check). */
export type Task = {
  readonly service: string;
  readonly argv: readonly [string, ...string[]];
  readonly timeoutMs: number;
};

export type TaskState =
  | { readonly is: "absent" }
  | { readonly is: "running" }
  | { readonly is: "ended"; readonly exitCode: number; readonly lastLines: readonly string[] };

export interface Tasks {
  /** What became of the task of this op, from the target itself. */
  state(op: string): Promise<Result<TaskState>>;
  /** Start it under the op's name and wait for its end. At most one run for an op, whatever happens to the caller. */
  run(op: Op, release: Release, task: Task): Promise<Result<TaskState>>;
}
