// What sources tell of beside requests and probes: things that happened, values, and what other systems have sent.
import { z } from "zod";

/**
 * One death of a process is one event: `oom` where memory ran out, else `restart` where it is brought back, else `exit`.
 * `unhealthy`: its own health check fails. `pattern`: lines of a log that match. `limit`: a value is beyond its limit.
 * `dependency`: a service of somebody else does not answer. `alert`: another system says so. `report`: a person says
 * so. `deploy`: another system has changed something. `payment`: a payment failed for another reason than a decline.
 */
export const signalKinds = [
  "restart",
  "oom",
  "exit",
  "unhealthy",
  "pattern",
  "limit",
  "dependency",
  "alert",
  "report",
  "deploy",
  "payment",
] as const;

const signalEvent = z.strictObject({
  /** Wall clock, milliseconds since 1970: when it happened, as far as the source can tell. */
  at: z.number(),
  kind: z.enum(signalKinds),
  /** What it is about, the same for the same trouble: `api`, `postgres connections`, `HighErrorRate`. */
  subject: z.string(),
  /** One line for people, without secrets. */
  what: z.string(),
  /** How often it happened; once where this is not said. */
  weight: z.number().optional(),
  /** Release id, where the source knows whose it is; "" where it knows that it is of no release. */
  release: z.string().optional(),
  /** How bad another system finds it. */
  severity: z.enum(["info", "warning", "error", "critical"]).optional(),
  /** It has ended: an alert is resolved, a value is within its limit again, a dependency answers. */
  over: z.literal(true).optional(),
});
/** Something that happened and is no request. */
export type SignalEvent = Readonly<z.infer<typeof signalEvent>>;

/** One look at a value. What cannot be read is no reading: it neither passes nor fails. */
export type Reading = {
  readonly at: number;
  /** The same for the same value: `postgres connections`. */
  readonly subject: string;
  readonly value: number;
  readonly unit: string;
  /** Null where there is no limit: shown and compared, never judged. */
  readonly limit: Limit | null;
  readonly ok: boolean;
};
export type Limit = { readonly above: number } | { readonly below: number };

/** A trial that another system tells of: how a payment went. */
const trial = z.strictObject({ at: z.number(), ok: z.boolean(), client: z.string(), route: z.string() });

export const signalEvents = {
  /** A webhook came in and was believed. `delivery` is the sender's own id of it: the same one twice counts once. */
  "signal.received": z.strictObject({
    env: z.string(),
    via: z.string(),
    delivery: z.string(),
    events: z.array(signalEvent).readonly(),
    trials: z.array(trial).readonly(),
    /** Alerts of the same delivery beyond what is kept. */
    more: z.number(),
  }),
  /** What was received up to this number of the journal was decided on, or needed no decision. */
  "signals.heard": z.strictObject({ env: z.string(), upTo: z.number() }),
} as const;

export type Received = Readonly<z.infer<(typeof signalEvents)["signal.received"]>>;
