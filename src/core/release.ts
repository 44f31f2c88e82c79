// A release: all that is needed to run a version again.
import { z } from "zod";

export const serviceSpec = z.strictObject({
  /** What starts it: argv, no shell. Paths are relative to the release's files. */
  command: z.array(z.string()).min(1),
  /** Plain settings. Secrets never stand here: they stay in a 0600 file of the release store. */
  env: z.record(z.string(), z.string()),
  /** sha256 of the captured env file, or null where there is none. */
  envFileDigest: z.string().nullable(),
  /** sha256 over names, modes and contents of all files. */
  filesDigest: z.string(),
  health: z.strictObject({ path: z.string(), timeoutMs: z.number(), intervalMs: z.number() }),
  stopGraceMs: z.number(),
});
export type ServiceSpec = z.infer<typeof serviceSpec>;

export const release = z.strictObject({
  /** `<version>-<first 8 of digest>`: unique, speakable, safe as a file name. */
  id: z.string(),
  version: z.string(),
  /** sha256 over everything below: what quarantine goes by, whatever the version is called. */
  digest: z.string(),
  services: z.record(z.string(), serviceSpec),
});
export type Release = z.infer<typeof release>;

export function releaseId(version: string, digest: string): string {
  return `${version}-${digest.slice(0, 8)}`;
}
