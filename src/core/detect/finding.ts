// What detection concludes. Four outcomes, never two: no data neither passes nor fails.
import { z } from "zod";

const evidence = {
  /** Which stream speaks: `errors`, `probe`, … */
  stream: z.string(),
  /** Trials and failures counted, after muting. */
  requests: z.number(),
  errors: z.number(),
  /** Distinct clients that saw an error. */
  errorClients: z.number(),
  /** Evidence so far and what is needed: alarm when `evidence >= needed` (both are e-values). */
  evidence: z.number(),
  needed: z.number(),
  /** The failure rate that is still tolerated. */
  threshold: z.number(),
  /** One sentence for people. */
  why: z.string(),
};

export const finding = z.discriminatedUnion("outcome", [
  z.strictObject({
    outcome: z.literal("bad"),
    /** `broad`: many clients. `single-client`: investigate, do not roll back. `down`: nobody answers. */
    breadth: z.enum(["broad", "single-client", "down"]),
    /** Seconds after the deploy at which it most likely began. */
    onsetS: z.number().nullable(),
    ...evidence,
  }),
  z.strictObject({ outcome: z.literal("verified"), ...evidence }),
  z.strictObject({
    outcome: z.literal("undecided"),
    /** About this many more requests to a verdict; null: cannot be told. */
    moreRequests: z.number().nullable(),
    ...evidence,
  }),
  z.strictObject({ outcome: z.literal("blind"), ...evidence }),
]);
export type Finding = z.infer<typeof finding>;

/** One thing that was seen. Times are wall-clock milliseconds. */
export type Observation = {
  readonly at: number;
  /** Release id that answered. */
  readonly release: string;
  readonly ok: boolean;
  /** Stable key of who asked (account, session, or address + agent), already hashed. */
  readonly client: string;
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  /** The service of somebody else that a gateway error names, where the source says so. */
  readonly upstream?: string;
  /** Which of our own instances answered, where the source says so: its name, or its address. */
  readonly instance?: string;
  /** Variants of flags that this request got, where its app says so: the arms of a switch. */
  readonly arms?: Readonly<Record<string, string>>;
};
