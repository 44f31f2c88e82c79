// Facts about migrations: those that a person took down, and whether an older release runs on what they make.
import { z } from "zod";

export const migrationEvents = {
  /** What a release brought along when it went out, oldest first. */
  "migrate.brought": z.strictObject({ env: z.string(), release: z.string(), names: z.array(z.string()) }),
  "migrate.down-begun": z.strictObject({
    env: z.string(),
    names: z.array(z.string()),
    op: z.string(),
    by: z.string(),
  }),
  "migrate.down-ended": z.strictObject({
    env: z.string(),
    op: z.string(),
    /** Null where it worked. */
    problem: z.strictObject({ code: z.string(), what: z.string(), next: z.string() }).nullable(),
    ms: z.number(),
  }),
  /** The release that would be gone back to, started on a copy of the database that a newer one's migrations ran on. */
  "migrate.older-tried": z.strictObject({
    env: z.string(),
    /** Release ids. */
    older: z.string(),
    newer: z.string(),
    /** `not-tried`: nothing is known, and `why` says what stood in the way. */
    works: z.enum(["yes", "no", "not-tried"]),
    /** Null where it works. */
    why: z.string().nullable(),
    /** What was applied to the copy, oldest first. */
    migrations: z.array(z.string()),
    /** Names of the smoke flows that were run; single smoke requests count as `smoke`. */
    flows: z.array(z.string()),
    ms: z.number(),
  }),
} as const;
