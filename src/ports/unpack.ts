import type { Result } from "../core/result.ts";
import type { Secret } from "../core/secret.ts";

/**
 * Takes files of others out of their wrapping, into a fresh file beside (0600, whole and synced, or not there).
 * Failures: `missing`, `no-space`, `damaged` (cut off, checksum wrong, wrong password), `read-only`, `failed`.
 */
export interface Unpack {
  /** A gzip file. `bytes` is what came out: 0 for one of a pipe whose first program failed. */
  gunzip(from: string, to: string): Promise<Result<{ readonly bytes: number }>>;
  /** A file of `openssl enc -aes-256-cbc` with a password. `how`: the derivation of the key that fitted. */
  decrypt(
    from: string,
    to: string,
    password: Secret,
  ): Promise<Result<{ readonly bytes: number; readonly how: string }>>;
}
