import type { Result } from "../core/result.ts";

/** A command that ends by itself. There is no shell: `argv` reaches the program as it stands. */
export type Command = {
  readonly argv: readonly [string, ...string[]];
  /** Whether it may change anything; for the audit, and to forbid writes while only looking. */
  readonly effect: "read" | "write";
  /** The op it runs for, put into its environment as `LASTGOOD_OP`; null for looks that no run owns. */
  readonly op: string | null;
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Added to the host's own small environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Buffer;
  /** Standard output is bytes and no text: this many at most are kept, in `raw`, and `stdout` is empty. */
  readonly rawBytes?: number;
};

/** How a command ended, complete enough to say why without running it again. */
export type Finished = {
  /**
   * Null where a signal ended it, or where nobody can tell: the connection to a remote host was lost, or the command was
   * given up there. Then `signal` says nothing either, and only the target knows what became of it.
   */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** Ended because the caller's signal aborted. */
  readonly cancelled: boolean;
  /** The first `limits.childOutputBytes` bytes, as UTF-8. */
  readonly stdout: string;
  /** The last `limits.childOutputBytes` bytes, as UTF-8: errors stand at the end. */
  readonly stderr: string;
  /** Some output was dropped by those caps. */
  readonly truncated: boolean;
  readonly durationMs: number;
  /** Where `rawBytes` asked for it. */
  readonly raw?: Buffer;
};

/** A machine that runs commands. */
export interface Host {
  readonly name: string;
  /** Any end of the program is ok, also a bad one; an error (`missing`, `failed`) means it never began. */
  run(command: Command, signal?: AbortSignal): Promise<Result<Finished>>;
}
