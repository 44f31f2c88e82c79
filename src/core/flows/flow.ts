// A smoke flow as data: requests one after the other, as a user would send them. It is part of a plan.
import { z } from "zod";

const capture = z.union([
  z.strictObject({ json: z.string() }),
  z.strictObject({ header: z.string() }),
  z.strictObject({ match: z.string() }),
]);
export type Capture = z.infer<typeof capture>;

const body = z.union([
  z.strictObject({ json: z.json() }),
  z.strictObject({ form: z.record(z.string(), z.string()) }),
]);

const expected = z.strictObject({
  status: z.number(),
  /** Each header must contain its text. */
  headers: z.record(z.string(), z.string()),
  /** JSON pointers and the values that must stand there. */
  json: z.record(z.string(), z.json()),
  contains: z.array(z.string()),
  withinMs: z.number(),
});

const flowStep = z.strictObject({
  /** For people: `log in`. */
  name: z.string(),
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  body: body.nullable(),
  /** Variables that later steps may use. */
  capture: z.record(z.string(), capture),
  expect: expected,
});
export type FlowStep = z.infer<typeof flowStep>;

export const moments = ["start", "switch", "rollback"] as const;
export type Moment = (typeof moments)[number];

export const flow = z.strictObject({
  name: z.string(),
  variables: z.record(z.string(), z.string()),
  /** Their names; the values are read when the flow runs, and never written down. */
  secrets: z.array(z.string()),
  steps: z.array(flowStep),
  /** A script that drives a browser, instead of steps. */
  playwright: z.string().nullable(),
  timeoutMs: z.number(),
});
export type Flow = z.infer<typeof flow>;

/** What one request of a flow came to: no values of the app's, only what can be compared. */
export const flowMark = z.strictObject({
  flow: z.string(),
  step: z.string(),
  status: z.number(),
  ms: z.number(),
  bytes: z.number(),
  /** Names of the top level of a JSON answer. */
  keys: z.array(z.string()),
});
export type FlowMark = z.infer<typeof flowMark>;
