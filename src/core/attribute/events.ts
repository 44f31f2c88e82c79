// The facts about changes that no run makes: the config that a controller began with, certificates that it saw.
import { z } from "zod";

export const changeEvents = {
  /** A controller works by this config. Digests by top-level key of the environment: no values. */
  "config.applied": z.strictObject({ env: z.string(), parts: z.record(z.string(), z.string()) }),
  /** Another certificate than the one that was seen before, or the first one. */
  "certificate.seen": z.strictObject({
    env: z.string(),
    /** The host that shows it, or its file. */
    about: z.string(),
    fingerprint: z.string(),
    /** When it runs out, wall-clock milliseconds. */
    endsAt: z.number(),
    /** It may be there since then: when the former one was seen last, or when it was made. */
    since: z.number(),
  }),
} as const;
