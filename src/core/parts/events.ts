// Facts about parts that a person had restarted.
import { z } from "zod";

export const partEvents = {
  "part.restart-begun": z.strictObject({ env: z.string(), part: z.string(), op: z.string(), by: z.string() }),
  "part.restarted": z.strictObject({
    env: z.string(),
    part: z.string(),
    op: z.string(),
    /** Null where it worked. */
    problem: z.strictObject({ code: z.string(), what: z.string(), next: z.string() }).nullable(),
    ms: z.number(),
  }),
} as const;
