// Every use case by name, with its checked input: what the CLI calls in-process and over the control socket.
import { z } from "zod";
import { err, ok, type Result } from "../core/result.ts";
import type { Outcome } from "../core/view/outcome.ts";
import type { App } from "./app.ts";
import { deploy } from "./deploy.ts";
import { history } from "./history.ts";
import { lockBreak, lockShow } from "./lock.ts";
import { logRead, logVerify } from "./log.ts";
import { rollback } from "./rollback.ts";
import { status } from "./status.ts";

const env = z.string();
const approved = z.union([z.boolean(), z.string()]);
const pageLimit = 1_000;

const inputs = {
  deploy: z.strictObject({
    env,
    version: z.string(),
    planOnly: z.boolean(),
    approved,
    wait: z.boolean(),
    lift: z.string().nullable(),
    by: z.string(),
  }),
  rollback: z.strictObject({
    env,
    version: z.string().nullable(),
    withData: z.boolean(),
    planOnly: z.boolean(),
    approved,
    wait: z.boolean(),
    by: z.string(),
    why: z.string().nullable(),
  }),
  status: z.strictObject({ env: env.nullable() }),
  history: z.strictObject({ env, limit: z.number().int().min(1).max(pageLimit) }),
  "lock.show": z.strictObject({ env }),
  "lock.break": z.strictObject({ env, by: z.string(), why: z.string() }),
  "log.read": z.strictObject({ after: z.number().int(), limit: z.number().int().min(1).max(pageLimit) }),
  "log.verify": z.strictObject({}),
} as const;

export type CallName = keyof typeof inputs;
export type CallInput<N extends CallName> = z.infer<(typeof inputs)[N]>;

type Calls = { [N in CallName]: (app: App, input: CallInput<N>) => Outcome | Promise<Outcome> };

const calls: Calls = {
  deploy,
  rollback,
  status,
  history,
  "lock.show": lockShow,
  "lock.break": lockBreak,
  "log.read": logRead,
  "log.verify": logVerify,
};

/** Verbs that act: before them, open runs of a dead controller are brought to their end. */
export function acts(name: CallName): boolean {
  return name === "deploy" || name === "rollback" || name === "lock.break";
}

export function parseCall(name: string, input: unknown): Result<(app: App) => Promise<Outcome>> {
  if (!Object.hasOwn(inputs, name)) {
    return err({
      code: "usage",
      what: `no call "${name}"`,
      next: `There are: ${Object.keys(inputs).join(", ")}.`,
    });
  }
  const call = name as CallName;
  const parsed = inputs[call].safeParse(input);
  if (!parsed.success)
    return err({ code: "usage", what: z.prettifyError(parsed.error), next: "Mend the input." });
  const run = calls[call] as (app: App, input: unknown) => Outcome | Promise<Outcome>;
  return ok(async (app) => run(app, parsed.data));
}
