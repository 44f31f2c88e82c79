import type { Result } from "../core/result.ts";

/** A process that cannot be mistaken for another: pid plus the kernel's start time. */
export type ProcessRef = { readonly pid: number; readonly startTime: string };

export type ProcessSpec = {
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Standard output and error are appended here. */
  readonly logFile: string;
};

/** Long-lived processes that outlive the controller. Zombies count as gone. */
export interface Processes {
  /** Start detached, in a session of its own. Resolves once the process exists (not: is ready). */
  start(spec: ProcessSpec): Promise<Result<ProcessRef>>;
  /** All live processes whose environment has `name=value`, whoever started them. */
  find(name: string, value: string): Promise<readonly ProcessRef[]>;
  alive(process: ProcessRef): boolean;
  /** Signal the process (and its group where it leads one). False when it is gone. */
  signal(process: ProcessRef, signal: "SIGTERM" | "SIGKILL"): boolean;
  /** A TCP port on 127.0.0.1 that was free a moment ago. */
  freePort(): Promise<number>;
  /** This process. */
  self(): ProcessRef;
}
