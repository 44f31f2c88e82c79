// `keep:` what is kept to go back to.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { count } from "../values.ts";

export const keep = z.strictObject({
  releases: count(1, 100).prefault(limits.keepGoodReleases).meta({
    description: "How many good releases are kept. Failed ones never push out a good one.",
  }),
});
