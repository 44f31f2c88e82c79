// All step kinds by name. A new kind is one file and one line here.
import { assert } from "../core/result.ts";
import type { StepKind } from "../ports/step.ts";
import { databaseBackup } from "./database-backup.ts";
import { databaseCopy } from "./database-copy.ts";
import { databasePrepare } from "./database-prepare.ts";
import { databaseRestore, databaseReturn, databaseUnrestore } from "./database-restore.ts";
import { flagSet } from "./flag-set.ts";
import { instanceHealth } from "./instance-health.ts";
import { instanceStart } from "./instance-start.ts";
import { instanceStop } from "./instance-stop.ts";
import { migrationsDown, migrationsDownByTool } from "./migrations-down.ts";
import { releaseForget } from "./release-forget.ts";
import { releasePrepare } from "./release-prepare.ts";
import { releaseVerify } from "./release-verify.ts";
import { serviceRollout } from "./rollout.ts";
import { smokeRun } from "./smoke-run.ts";
import { stackAdopt, stackLeave } from "./stack-adopt.ts";
import { taskRun } from "./task-run.ts";
import { trafficDrain } from "./traffic-drain.ts";
import { trafficHold } from "./traffic-hold.ts";
import { trafficSwitch } from "./traffic-switch.ts";

const all: readonly StepKind[] = [
  releasePrepare,
  releaseVerify,
  releaseForget,
  instanceStart,
  instanceStop,
  instanceHealth,
  smokeRun,
  serviceRollout,
  stackAdopt,
  stackLeave,
  taskRun,
  trafficSwitch,
  trafficHold,
  trafficDrain,
  flagSet,
  databaseBackup,
  databaseCopy,
  databasePrepare,
  databaseRestore,
  databaseUnrestore,
  databaseReturn,
  migrationsDown,
  migrationsDownByTool,
];

const byName = new Map(all.map((step) => [step.kind, step]));

export function stepKind(name: string): StepKind {
  const found = byName.get(name);
  assert(found, `no step kind ${name}: the plan was made by another version of Lastgood`);
  return found;
}
