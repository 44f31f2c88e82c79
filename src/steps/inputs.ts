// The inputs of step kinds, checked when a plan made by another version of us is resumed.
import { z } from "zod";
import { flow, flowMark } from "../core/flows/flow.ts";

const place = { service: z.string(), release: z.string() };
/** A store beside the database, by its name; left out: the database itself. */
const beside = { store: z.string().optional() };

export const releaseInput = z.strictObject({ release: z.string() });
export const startInput = z.strictObject(place);
export const stopInput = z.strictObject({ ...place, graceMs: z.number() });
export const healthInput = z.strictObject({
  ...place,
  path: z.string().nullable(),
  timeoutMs: z.number(),
  intervalMs: z.number(),
});
export const taskInput = z.strictObject({
  ...place,
  name: z.string(),
  argv: z.tuple([z.string()], z.string()),
  timeoutMs: z.number(),
});
export const smokeInput = z.strictObject({
  ...place,
  checks: z.array(z.strictObject({ path: z.string(), expect: z.number() })),
  flows: z.array(flow).optional(),
  /** `public`: through the port that users use; otherwise straight to the instance. */
  through: z.enum(["instance", "public"]).optional(),
  /** The step of this run whose answers these are compared with. */
  before: z.string().optional(),
  /** What the same flows of this release were when they were tried last, to be compared with. */
  seen: z.array(flowMark).optional(),
  /** It only looks: what it finds fails nothing. */
  onlyLook: z.boolean().optional(),
});
export const switchInput = z.strictObject({
  service: z.string(),
  release: z.string().nullable(),
  /** The plan counts on requests waiting meanwhile. */
  mustBeHeld: z.boolean(),
});
export const holdInput = z.strictObject({ service: z.string(), held: z.boolean() });
export const drainInput = z.strictObject({ ...place, timeoutMs: z.number() });
export const verifyInput = z.strictObject({ ...place, path: z.string() });
export const backupInput = z.strictObject({
  label: z.string(),
  position: z.boolean(),
  /** The step of this run that took a template copy, or said why not. */
  copy: z.string().optional(),
  ...beside,
});
export const copiedEvidence = z.object({ copy: z.string().nullable(), why: z.string() });
export const restoreInput = z.strictObject({ backup: z.string(), ...beside });
export const ofInput = z.strictObject({ of: z.string(), ...beside });
export const flagInput = z.strictObject({ flag: z.string(), on: z.boolean() });
export const rolloutInput = z.strictObject({
  ...place,
  /** How long the platform may take to replace all copies, monotonic milliseconds. */
  timeoutMs: z.number(),
});
