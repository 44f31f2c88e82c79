import type { Look } from "../core/doctor/look.ts";
import type { Result } from "../core/result.ts";

/** One question that doctor asks. It only reads. */
export interface Check {
  /** One word, the same in every environment: `disk`, `redis`. */
  readonly name: string;
  /** Which one, for when it does not answer; empty where its name says it all. */
  readonly about: string;
  /** What to do where it does not answer, or null. */
  readonly next: string | null;
  /**
   * Look now, and give up when the signal aborts: nobody waits longer. `missing` where the tool for it is not on
   * the machine (then nothing is known); any other problem is bad news.
   */
  look(signal: AbortSignal): Promise<Result<readonly Look[]>>;
}

/** The certificate (PEM) that a TLS server shows; `distrust` null, or why this machine does not trust it. */
export type ShownCertificate = (
  to: { readonly host: string; readonly port: number },
  signal: AbortSignal,
) => Promise<Result<{ readonly pem: string; readonly distrust: string | null }>>;
