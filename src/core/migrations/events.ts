// Facts about migrations that a person took down.
import { z } from "zod";

export const migrationEvents = {
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
} as const;
