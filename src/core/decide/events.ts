// The facts about decisions: what was decided, on what grounds, and what belongs to it besides going back.
import { z } from "zod";
import { changeKinds } from "../attribute/attribution.ts";
import { finding } from "../detect/finding.ts";
import { extras, remedies, ruleActions, schemaWords } from "./policy.ts";
import { impacts, reportKinds, userShares } from "./severity.ts";

const severity = z.strictObject({
  impact: z.enum(impacts),
  users: z.enum(userShares),
  dataRisk: z.boolean(),
});

const report = z.strictObject({
  kind: z.enum(reportKinds),
  by: z.string(),
  what: z.string(),
  impact: z.enum(impacts).nullable(),
  users: z.enum(userShares).nullable(),
  dataRisk: z.boolean().nullable(),
  stream: z.string().optional(),
  subject: z.string().optional(),
  heard: z.string().optional(),
  saidAt: z.number().optional(),
});

const change = z.strictObject({
  kind: z.enum(changeKinds),
  name: z.string(),
  at: z.number(),
  distanceS: z.number(),
});

const way = z.strictObject({
  remedy: z.enum(remedies),
  how: z.enum(["flag", "switch", "start", "restore"]),
  to: z.string(),
});

/** What becomes of the migrations that the release brought, when it is left. */
const migrations = z.strictObject({ fate: z.enum(schemaWords), names: z.array(z.string()), why: z.string() });

const byWhom = { env: z.string(), by: z.string(), why: z.string() };

export const decisionEvents = {
  "decision.made": z.strictObject({
    env: z.string(),
    watch: z.string().nullable(),
    decision: z.enum(ruleActions),
    rule: z.string(),
    why: z.string(),
    alternatives: z.array(z.strictObject({ decision: z.string(), whyNot: z.string() })),
    finding: finding.nullable(),
    /** All below came later: old journals hold decisions without it. */
    facts: z.array(z.string()).optional(),
    severity: severity.optional(),
    /** The rule of the policy that fitted; `rule` says otherwise where something held it back. */
    matched: z.string().optional(),
    also: z.array(z.enum(extras)).optional(),
    /** What was done, or would be with a person's yes. */
    way: way.optional(),
    report: report.optional(),
    cause: z.string().optional(),
    /** Nearest to the onset first. */
    changes: z.array(change).optional(),
    migrations: migrations.optional(),
  }),
  "deploys.frozen": z.strictObject(byWhom),
  "deploys.unfrozen": z.strictObject(byWhom),
  /** What a person is to look into, with all that is known: `evidence` is for programs, `why` for people. */
  "investigation.opened": z.strictObject({
    env: z.string(),
    investigation: z.string(),
    watch: z.string().nullable(),
    stream: z.string(),
    why: z.string(),
    evidence: z.json(),
  }),
  /** What must not be lost before it was looked at, and where it is. */
  "evidence.kept": z.strictObject({
    env: z.string(),
    why: z.string(),
    items: z.array(z.strictObject({ what: z.string(), where: z.string() })),
  }),
  /** A message that a person sends. */
  "message.drafted": z.strictObject({
    env: z.string(),
    to: z.string(),
    subject: z.string(),
    text: z.string(),
  }),
} as const;
