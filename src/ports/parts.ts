import type { LogLine, Part } from "../core/parts/part.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";

export type LogWant = {
  /** Newest lines, at most; 1 to 10 000. */
  readonly lines: number;
  /** Only what is newer: milliseconds since 1970; null: whatever there is. */
  readonly sinceMs: number | null;
  /** Only what came after an earlier page; its `next`. */
  readonly after: string | null;
};

/** Oldest first, redacted, without control characters. */
export type LogPage = { readonly lines: readonly LogLine[]; readonly next: string };

/** What an environment consists of, by the names that people use. `missing` where there is no part of that name. */
export interface Parts {
  list(): Promise<Result<readonly Part[]>>;
  logs(part: string, want: LogWant): Promise<Result<LogPage>>;
  /**
   * Stop and start it, and see that it runs again. Not for services of a release: those change hands by the runtime.
   * `refused` where it cannot be restarted from here.
   */
  restart(op: Op, part: string): Promise<Result<void>>;
}
