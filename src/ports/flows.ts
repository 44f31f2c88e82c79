import type { Result } from "../core/result.ts";
import type { Secret } from "../core/secret.ts";
import type { Op } from "./op.ts";

export type Script = {
  readonly file: string;
  /** Beside its own: the address, and what the flow is given. Holds secrets. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
};

export type ScriptEnd = {
  /** Null where it was ended: it took too long, or was called off. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  /** The end of what it printed. May hold secrets. */
  readonly output: string;
  readonly ms: number;
};

/** What smoke flows need beside HTTP. */
export interface FlowTools {
  /** Values of a flow's secrets, read now, so that a changed one needs no restart. `missing` where one is not there. */
  secrets(flow: string): Promise<Result<Readonly<Record<string, Secret>>>>;
  /** Where users' requests arrive; null where the config does not say. `host`: the header that leads there. */
  publicSide(flow: string): { readonly url: string; readonly host: string | null } | null;
  /** Run a script of the user's to its end, with the node that runs us. Any end is ok; an error: it never began. */
  script(op: Op, script: Script): Promise<Result<ScriptEnd>>;
}
