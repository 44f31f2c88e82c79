import type { Result } from "../core/result.ts";
import type { Secret } from "../core/secret.ts";

/**
 * Encrypts files of ours (AES-256-GCM), so that who has a copy and not the key reads nothing and changes nothing unseen.
 * Into a fresh file (0600, whole and synced, or not there). Failures: `missing`, `no-space`, `read-only`, `damaged`, `failed`.
 */
export interface Seal {
  seal(from: string, to: string, key: Secret): Promise<Result<void>>;
  /** `damaged` where the key is another one, or one bit is not as it was. */
  open(from: string, to: string, key: Secret): Promise<Result<void>>;
}
