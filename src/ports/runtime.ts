import type { Release } from "../core/release.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";

/** One running copy of one service of one release. */
export type Instance = {
  /** Stable name, e.g. `web-v2-3fa8c1d0-…`. */
  readonly id: string;
  readonly service: string;
  /** Release id. */
  readonly release: string;
  /** Where the edge, and our own checks, reach it, e.g. `http://127.0.0.1:4711`; null for what answers no requests. */
  readonly url: string | null;
  /** The op that started it. */
  readonly op: string;
  readonly state: "running" | "exited";
  /**
   * What the runtime itself says of it (healthcheck, unit state); `unsaid` where it has no word for it. One that exited
   * and is `unhealthy` is started again and again by its platform, until it is stopped.
   */
  readonly health: "healthy" | "starting" | "unhealthy" | "unsaid";
  /** Newest lines of its output, for a person who wants to know why it died. Redacted. */
  readonly lastLines: readonly string[];
};

/** Starts and stops what an app is made of. */
export interface Runtime {
  /**
   * Instances of a service, of all releases, dead ones too (newest of each release). Reads the target. `live`: those that
   * do not run may be left out, whose last words take time to read.
   */
  instances(service: string, which?: "live"): Promise<Result<readonly Instance[]>>;
  /** Is everything that this release needs present and whole? `missing` names what is not. No writes. */
  available(release: Release): Promise<Result<{ readonly bytes: number }>>;
  /** Capture a version from its source into the release store. Convergent; changes nothing that serves. */
  capture(version: string): Promise<Result<Release>>;
  /** Start one instance beside whatever runs. At most one live instance for an op. `fenced` on a lower epoch. */
  start(op: Op, service: string, release: Release): Promise<Result<Instance>>;
  /** Stop: ask, wait the grace, kill. No error when it is gone. `fenced` on a lower epoch. */
  stop(op: Op, instance: Instance, graceMs: number): Promise<Result<void>>;
  /** Drop a release's files from the store. Never called for one that runs or is kept. */
  forget(op: Op, release: string): Promise<Result<void>>;
}
