// What came of a release that was started on a copy of the database, with its smoke checks and flows.
import { z } from "zod";
import { span } from "../doctor/look.ts";

export const tried = z.strictObject({
  /** Release id; null where nobody knows which one matches. */
  release: z.string().nullable(),
  /** `not-tried`: nothing was learned, and `why` says what stood in the way. */
  works: z.enum(["yes", "no", "not-tried"]),
  /** Null where it works. */
  why: z.string().nullable(),
  /** In their order; single smoke requests together are called `smoke`. */
  flows: z.array(z.strictObject({ name: z.string(), problem: z.string().nullable(), ms: z.number() })),
  /** From its start to its end, monotonic milliseconds. */
  ms: z.number(),
});
export type Tried = z.infer<typeof tried>;

/** `what`: whatever it ran on, such as `the restored copy`. */
export function triedWords({ works, why, flows, release, ms }: Tried, what: string): string {
  const reason = (why ?? "").replace(/\.$/, "");
  if (works === "not-tried") return `No release was tried on ${what}: ${reason}.`;
  if (works === "no") return `${release ?? "The release"} does not work on ${what}: ${reason}.`;
  return `${release ?? "The release"} ran on ${what} and passed ${flows.map(({ name }) => name).join(", ")} (${span(ms)}).`;
}
