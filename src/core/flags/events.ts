// The facts about flags. What a flag is stands in the definition file; who switched it, when and why stands here.
import { z } from "zod";
import { override } from "./override.ts";

const who = { env: z.string(), by: z.string() };

export const flagEvents = {
  /** The definition file reads differently from before, or for the first time. */
  "flag.definitions-changed": z.strictObject({
    env: z.string(),
    digest: z.string(),
    count: z.number(),
    /** Names of the flags that changed, at most the first 100. */
    changed: z.array(z.string()),
  }),
  /** The new file has mistakes: the former definitions go on counting. */
  "flag.definitions-refused": z.strictObject({ env: z.string(), digest: z.string(), why: z.string() }),
  "flag.switched": z.strictObject({
    env: z.string(),
    ...override.shape,
    /** Before it: the variant of the former switch; null where the rules counted. */
    from: z.string().nullable(),
    /** Set by a step of a run: the marker by which its probe knows it again. */
    op: z.string().nullable(),
  }),
  "flag.lifted": z.strictObject({ ...who, flag: z.string(), why: z.string(), op: z.string().nullable() }),
  /** What the running processes said to a switch within its time. */
  "flag.confirmed": z.strictObject({
    env: z.string(),
    flag: z.string(),
    version: z.number(),
    confirmed: z.number(),
    missing: z.array(z.string()),
    ms: z.number(),
  }),
  /** Break-glass: a running process was switched through its inspector, or why not. */
  "flag.forced": z.strictObject({
    ...who,
    flag: z.string(),
    instance: z.string(),
    done: z.boolean(),
    why: z.string(),
  }),
  /** The key itself is never written down: sha256 of it, in hex. */
  "flag.key-added": z.strictObject({
    ...who,
    key: z.string(),
    hash: z.string(),
    label: z.string(),
    until: z.number().nullable(),
  }),
  "flag.key-revoked": z.strictObject({ ...who, key: z.string() }),
  /** A switch is watched like a deploy. */
  "flag.guarded": z.strictObject({
    env: z.string(),
    guard: z.string(),
    flag: z.string(),
    variant: z.string(),
    /** What it goes back to when it turns out bad: a variant, or null for the rules. */
    back: z.string().nullable(),
    /** The variant that others go on getting beside it, by the rules: who has that one is the control. */
    control: z.string().nullable().optional(),
    release: z.string().nullable(),
    forMs: z.number(),
    from: z.json(),
    threshold: z.number(),
  }),
  "flag.guard-ended": z.strictObject({
    env: z.string(),
    guard: z.string(),
    flag: z.string(),
    outcome: z.enum(["verified", "bad", "undecided", "superseded"]),
    why: z.string(),
    /** It was switched back by itself. False with `bad`: a person is asked. */
    undone: z.boolean(),
    incident: z.string().nullable(),
  }),
} as const;
