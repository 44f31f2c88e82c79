// Every use case by name, with its checked input: what the CLI calls in-process and over the control socket.
import { z } from "zod";
import { impacts, reportKinds, userShares } from "../core/decide/severity.ts";
import { err, ok, type Result } from "../core/result.ts";
import { kinds } from "../core/salvage/verdict.ts";
import type { Outcome } from "../core/view/outcome.ts";
import { leave } from "./adopt.ts";
import type { App } from "./app.ts";
import { backupList, backupNow, backupShow, backupVerify } from "./backup.ts";
import { breakGlass } from "./break-glass.ts";
import { compare } from "./compare.ts";
import { deploy } from "./deploy.ts";
import { drill } from "./drill.ts";
import { explain } from "./explain.ts";
import { flagDoctor } from "./flag-doctor.ts";
import { flagKeyAdd, flagKeyList, flagKeyRevoke } from "./flag-keys.ts";
import { flagHistory, flagList, flagShow } from "./flag-look.ts";
import { flagLift, flagSwitch } from "./flag-switch.ts";
import { freeze } from "./freeze.ts";
import { history } from "./history.ts";
import { lockBreak, lockShow } from "./lock.ts";
import { logRead, logVerify } from "./log.ts";
import { migrateDown, migrateStatus } from "./migrate.ts";
import { report } from "./report.ts";
import { restart } from "./restart.ts";
import { restore } from "./restore.ts";
import { rollback } from "./rollback.ts";
import { salvage } from "./salvage.ts";
import { status } from "./status.ts";
import { vitals } from "./vitals.ts";

const env = z.string();
const approved = z.union([z.boolean(), z.string()]);
const pageLimit = 1_000;

const text = z.string().max(1_000);
const forMs = z.number().int().positive().nullable();

const flagInputs = {
  "flag.list": z.strictObject({ env }),
  "flag.show": z.strictObject({ env, flag: text }),
  "flag.history": z.strictObject({
    env,
    flag: text.nullable(),
    limit: z.number().int().min(1).max(pageLimit),
  }),
  "flag.doctor": z.strictObject({ env, source: z.string().nullable() }),
  "flag.switch": z.strictObject({
    env,
    flag: text,
    to: z.union([z.enum(["on", "off"]), z.strictObject({ variant: text })]),
    by: text,
    why: text.nullable(),
    incident: text.nullable(),
    forMs,
    forceLive: z.boolean(),
  }),
  "flag.lift": z.strictObject({ env, flag: text, by: text, why: text.nullable() }),
  "flag.key.add": z.strictObject({ env, label: text, by: text, forMs }),
  "flag.key.list": z.strictObject({ env }),
  "flag.key.revoke": z.strictObject({ env, key: text, by: text }),
} as const;

const decisionInputs = {
  compare: z.strictObject({ env, release: text.nullable(), to: text.nullable() }),
  explain: z.strictObject({ env, what: text.nullable() }),
  freeze: z.strictObject({ env, why: text.nullable(), lift: text.nullable(), by: text }),
  report: z.strictObject({
    env,
    kind: z.enum(reportKinds),
    what: text,
    by: text,
    impact: z.enum(impacts).nullable(),
    users: z.enum(userShares).nullable(),
    dataRisk: z.boolean().nullable(),
    planOnly: z.boolean(),
  }),
} as const;

const backupInputs = {
  "backup.now": z.strictObject({ env, by: text }),
  "backup.list": z.strictObject({ env }),
  "backup.show": z.strictObject({ env, backup: text }),
  "backup.verify": z.strictObject({ env, backup: text.nullable(), by: text }),
  drill: z.strictObject({ env, backup: text.nullable(), at: text.nullable().optional(), by: text }),
  restore: z.strictObject({
    env,
    backup: z.string().max(4_096).nullable(),
    at: text.nullable(),
    undo: z.boolean(),
    planOnly: z.boolean(),
    approved,
    by: text,
    why: text.nullable(),
  }),
  "migrate.status": z.strictObject({ env }),
  "migrate.down": z.strictObject({
    env,
    count: z.number().int().min(1),
    to: text.nullable(),
    planOnly: z.boolean(),
    approved: z.boolean(),
    by: text,
  }),
  salvage: z.strictObject({
    env,
    kept: text.nullable(),
    tables: z.array(text).nullable(),
    kinds: z.array(z.enum(kinds)),
    doubtful: z.boolean(),
    overwrite: z.boolean(),
    planOnly: z.boolean(),
    approved: z.boolean(),
    by: text,
  }),
} as const;

const inputs = {
  ...flagInputs,
  ...backupInputs,
  ...decisionInputs,
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
    withMigrations: z.boolean().default(false),
    planOnly: z.boolean(),
    approved,
    wait: z.boolean(),
    by: z.string(),
    why: z.string().nullable(),
  }),
  leave: z.strictObject({ env, planOnly: z.boolean(), approved, by: z.string() }),
  status: z.strictObject({ env: env.nullable() }),
  history: z.strictObject({ env, limit: z.number().int().min(1).max(pageLimit) }),
  "lock.show": z.strictObject({ env }),
  "lock.break": z.strictObject({ env, by: z.string(), why: z.string() }),
  "log.read": z.strictObject({ after: z.number().int(), limit: z.number().int().min(1).max(pageLimit) }),
  "log.verify": z.strictObject({}),
  vitals: z.strictObject({}),
  restart: z.strictObject({ env, part: z.string(), approved: z.boolean(), by: z.string() }),
  "break-glass": z.strictObject({ env }),
} as const;

export type CallName = keyof typeof inputs;
export type CallInput<N extends CallName> = z.infer<(typeof inputs)[N]>;

type Calls = { [N in CallName]: (app: App, input: CallInput<N>) => Outcome | Promise<Outcome> };

const calls: Calls = {
  "backup.now": backupNow,
  "backup.list": backupList,
  "backup.show": backupShow,
  "backup.verify": backupVerify,
  drill,
  restore,
  salvage,
  "migrate.status": migrateStatus,
  "migrate.down": migrateDown,
  "flag.list": flagList,
  "flag.show": flagShow,
  "flag.history": flagHistory,
  "flag.doctor": flagDoctor,
  "flag.switch": flagSwitch,
  "flag.lift": flagLift,
  "flag.key.add": flagKeyAdd,
  "flag.key.list": flagKeyList,
  "flag.key.revoke": flagKeyRevoke,
  deploy,
  rollback,
  leave,
  status,
  history,
  "lock.show": lockShow,
  "lock.break": lockBreak,
  "log.read": logRead,
  "log.verify": logVerify,
  vitals,
  restart,
  "break-glass": breakGlass,
  compare,
  explain,
  freeze,
  report,
};

/** Verbs that act: before them, open runs of a dead controller are brought to their end. */
export function acts(name: CallName): boolean {
  return (
    name === "deploy" ||
    name === "rollback" ||
    name === "leave" ||
    name === "lock.break" ||
    name === "restart" ||
    name === "restore" ||
    name === "salvage" ||
    name === "migrate.down" ||
    name === "backup.now" ||
    name === "drill" ||
    name === "report"
  );
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
