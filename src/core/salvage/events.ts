// Facts about rows that were brought along from what a restore replaced.
import { z } from "zod";

export const salvageEvents = {
  "salvage.begun": z.strictObject({ env: z.string(), kept: z.string(), op: z.string(), by: z.string() }),
  "salvage.ended": z.strictObject({
    env: z.string(),
    kept: z.string(),
    op: z.string(),
    /** Rows that came back, and rows that could not. */
    rows: z.number(),
    conflicts: z.number(),
    /** Null where it worked. */
    problem: z.strictObject({ code: z.string(), what: z.string(), next: z.string() }).nullable(),
    ms: z.number(),
  }),
} as const;
