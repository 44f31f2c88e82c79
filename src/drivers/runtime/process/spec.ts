// What a release keeps of a service that is a process: the runtime's own part of its spec.
import { z } from "zod";
import type { ServiceSpec } from "../../../core/release.ts";

const processSpec = z.strictObject({
  /** What starts it: argv, no shell. Paths are relative to the release's files. */
  command: z.array(z.string()).min(1),
  /** Plain settings. Secrets never stand here: they stay in a 0600 file of the release store. */
  env: z.record(z.string(), z.string()),
  /** sha256 of the captured env file, or null where there is none. */
  envFileDigest: z.string().nullable(),
  /** sha256 over names, modes and contents of all files. */
  filesDigest: z.string(),
});
export type ProcessSpec = z.infer<typeof processSpec>;

/** Throws where the release was made for another runtime: the config's runtime was changed under it. */
export function processSpecOf({ spec }: ServiceSpec): ProcessSpec {
  return processSpec.parse(spec);
}
