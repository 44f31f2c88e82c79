// The facts that everything else is computed from. Past tense; append only; checked when written and read.
import { z } from "zod";
import { changeEvents } from "./attribute/events.ts";
import { backupEvents } from "./backups/events.ts";
import { watchSummary } from "./compare/summary.ts";
import { decisionEvents } from "./decide/events.ts";
import { expects } from "./detect/expects.ts";
import { finding } from "./detect/finding.ts";
import { hourEvents } from "./detect/hour.ts";
import { vigilEvents } from "./detect/vigil.ts";
import { flagEvents } from "./flags/events.ts";
import { migrationEvents } from "./migrations/events.ts";
import { partEvents } from "./parts/events.ts";
import { plan } from "./plan/plan.ts";
import { release } from "./release.ts";
import { salvageEvents } from "./salvage/events.ts";
import { signalEvents } from "./signals/event.ts";

const json = z.json();
const direction = z.enum(["do", "undo"]);
const problemShape = z.strictObject({
  code: z.string(),
  what: z.string(),
  next: z.string(),
  where: z.string().optional(),
});
const stepRef = { run: z.string(), key: z.string(), kind: z.string(), direction, attempt: z.number() };

export const holder = z.strictObject({
  pid: z.number(),
  /** Kernel start time of the process, so that a reused pid is not mistaken for it. */
  startTime: z.string(),
  bootId: z.string(),
  /** Who asked: `cli`, `watch`, `api`, and the person where known. */
  who: z.string(),
});
export type Holder = z.infer<typeof holder>;

export const runOutcome = z.enum(["done", "undone", "abandoned"]);
export type RunOutcome = z.infer<typeof runOutcome>;

const types = {
  "controller.started": z.strictObject({ holder, version: z.string(), tookOver: holder.nullable() }),
  "controller.stopped": z.strictObject({ why: z.string() }),
  "clock.jumped": z.strictObject({ byMs: z.number() }),
  "journal.rebuilt": z.strictObject({ from: z.string(), events: z.number(), why: z.string() }),

  "release.made": z.strictObject({ env: z.string(), release }),
  "release.became-good": z.strictObject({ env: z.string(), release: z.string(), why: z.string() }),
  "release.quarantined": z.strictObject({
    env: z.string(),
    release: z.string(),
    digest: z.string(),
    why: z.string(),
  }),
  "release.lifted": z.strictObject({
    env: z.string(),
    release: z.string(),
    digest: z.string(),
    by: z.string(),
    why: z.string(),
  }),
  "release.pruned": z.strictObject({ env: z.string(), release: z.string() }),
  "deploy.refused": z.strictObject({ env: z.string(), version: z.string(), problem: problemShape }),

  "run.planned": z.strictObject({ run: z.string(), plan, hash: z.string(), by: z.string() }),
  "run.started": z.strictObject({ run: z.string(), holder }),
  "run.resumed": z.strictObject({ run: z.string(), holder, rebooted: z.boolean() }),
  "run.cancel-requested": z.strictObject({ run: z.string(), by: z.string() }),
  "run.turned": z.strictObject({ run: z.string(), why: problemShape }),
  /** After a reboot a verified effect was gone: these steps are to be done again. Never a `once` step. */
  "run.rewound": z.strictObject({ run: z.string(), direction, keys: z.array(z.string()), why: z.string() }),
  "run.paused": z.strictObject({ run: z.string(), why: problemShape, at: z.string().nullable() }),
  "run.ended": z.strictObject({
    run: z.string(),
    outcome: runOutcome,
    why: problemShape.nullable(),
    ms: z.number(),
  }),

  "step.intended": z.strictObject({ ...stepRef, op: z.string(), before: json }),
  "step.verified": z.strictObject({ ...stepRef, evidence: json, recovered: z.boolean(), ms: z.number() }),
  "step.failed": z.strictObject({ ...stepRef, problem: problemShape, ms: z.number() }),
  "child.started": z.strictObject({
    op: z.string(),
    pid: z.number(),
    startTime: z.string(),
    argv0: z.string(),
  }),

  "watch.started": z.strictObject({
    watch: z.string(),
    env: z.string(),
    release: z.string(),
    previous: z.string().nullable(),
    /** A deploy is watched to blame it; a rollback to see whether it helped. */
    after: z.enum(["deploy", "rollback", "revive"]),
    forMs: z.number(),
    /** Where reading of each signal begins, so that a restarted controller re-reads the same evidence. */
    from: json,
    threshold: z.number(),
    /** What it is compared with besides. */
    expects: expects.optional(),
    /** Nothing was in alarm when it began; missing: nobody had looked. */
    clean: z.boolean().optional(),
  }),
  "watch.found": z.strictObject({ watch: z.string(), finding }),
  "watch.ended": z.strictObject({
    watch: z.string(),
    outcome: z.enum(["verified", "bad", "undecided", "superseded"]),
    requests: z.number(),
    errors: z.number(),
    /** What users saw, for comparing releases. */
    seen: watchSummary.optional(),
  }),
  /** What users saw right before and right after a way back. */
  "rollback.compared": z.strictObject({
    env: z.string(),
    watch: z.string(),
    left: z.string(),
    to: z.string(),
    helped: z.enum(["yes", "no", "cannot tell"]),
    why: z.string(),
    measures: z.json(),
  }),
  ...decisionEvents,
  ...flagEvents,
  ...partEvents,
  ...migrationEvents,
  ...salvageEvents,
  ...changeEvents,
  ...hourEvents,
  ...vigilEvents,
  ...signalEvents,
  ...backupEvents,
  "lock.broken": z.strictObject({ env: z.string(), run: z.string(), by: z.string(), why: z.string() }),
  "message.sent": z.strictObject({ key: z.string(), via: z.string() }),
  "message.given-up": z.strictObject({ key: z.string(), via: z.string(), why: z.string() }),
} as const;

export type EventType = keyof typeof types;
export type EventData<T extends EventType> = z.infer<(typeof types)[T]>;
/** A fact before it is written. */
export type NewEvent = { [T in EventType]: { readonly type: T; readonly data: EventData<T> } }[EventType];

/** A fact in the journal. `seq` orders, wall time only informs. */
export type Event = NewEvent & {
  readonly seq: number;
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
  /** Monotonic clock of that boot, milliseconds. */
  readonly mono: number;
  readonly boot: string;
  readonly epoch: number;
  readonly prev: string;
  readonly hash: string;
};

export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

/** Check a fact at the border, in both directions. Throws zod's error where it does not fit. */
export function checkEvent(type: string, data: unknown): NewEvent {
  const schema = types[type as EventType];
  if (!schema) throw new Error(`unknown event type ${type}`);
  return { type, data: schema.parse(data) } as NewEvent;
}
