// lastgood migrate status | down: where the schema stands against the code, and the way down where there is one.
import type { JsonObject } from "../core/json.ts";
import { type MigrationStatus, startOn, startSentence } from "../core/migrations/status.ts";
import type { Release } from "../core/release.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { DownPlan } from "../ports/migrations.ts";
import type { Tasks } from "../ports/tasks.ts";
import { type App, looseOp, type Site, site } from "./app.ts";
import { takeBackup } from "./backup.ts";
import { deskOf, said } from "./find-backup.ts";
import type { MigrationDesk } from "./migration-desk.ts";
import { openRun } from "./open-run.ts";

export type MigrateDownInput = {
  readonly env: string;
  readonly count: number;
  /** All that came after this one. */
  readonly to: string | null;
  readonly planOnly: boolean;
  readonly approved: boolean;
  readonly by: string;
};

const verb = "migrate";

export async function migrateStatus(app: App, { env }: { readonly env: string }): Promise<Outcome> {
  const desk = deskIn(app, env);
  if (!desk.ok) return stopped(verb, env, desk.error);
  const status = await desk.value.desk.driver.status();
  if (!status.ok) return stopped(verb, env, status.error);
  const { applied, pending, unknown } = status.value;
  const what = `${applied.length} applied, ${pending.length} pending, ${unknown.length} unknown to the folder (${status.value.tool}).`;
  const next = unknown.length > 0 ? "lastgood migrate down --plan shows whether there is a way down." : "";
  return said(verb, env, {
    outcome: "done",
    what,
    means: startSentence(status.value),
    next,
    data: statusData(status.value),
  });
}

export async function migrateDown(app: App, input: MigrateDownInput): Promise<Outcome> {
  const { env, count, to } = input;
  const desk = deskIn(app, env);
  if (!desk.ok) return stopped(verb, env, desk.error);
  const plan = await desk.value.desk.driver.planDown({ count, to });
  if (!plan.ok) return stopped(verb, env, plan.error);
  const data = { names: [...plan.value.names], by: plan.value.by };
  const what = `${plan.value.names.join(", ")} would go down, newest first.`;
  const means =
    "Nothing was changed. What their columns and tables hold goes with them; a backup is taken before, and without one nothing goes down.";
  const next = "Say --yes to do it.";
  if (input.planOnly) return said(verb, env, { outcome: "planned", what, means, next, data });
  if (!input.approved) return said(verb, env, { outcome: "waits", what, means, next, data });
  const run = openRun(app, env);
  if (run)
    return stopped(verb, env, {
      code: "busy",
      what: `a ${run.plan.kind} holds ${env}`,
      next: "Wait for it: lastgood status",
    });
  return carryOut(app, desk.value, input, plan.value);
}

type Desk = { readonly site: Site; readonly desk: MigrationDesk };

function deskIn(app: App, env: string): Result<Desk> {
  const found = site(app, env);
  if (!found.ok) return found;
  const { migrations: desk } = found.value;
  if (desk) return ok({ site: found.value, desk });
  return problem(
    "config",
    `nothing says how ${env} is migrated`,
    "Add a `migrations:` section to lastgood.yml, and `database:` of kind postgres.",
  );
}

async function carryOut(
  app: App,
  desk: Desk,
  { env, by }: MigrateDownInput,
  plan: DownPlan,
): Promise<Outcome> {
  const { ledger, clock } = app.deps;
  const tool = plan.by === "us" ? ok(null) : toolOf(app, desk);
  if (!tool.ok) return stopped(verb, env, tool.error);
  // What goes down takes its data along: first the way back.
  const database = deskOf(app, env);
  const taken = database.ok ? await takeBackup(app, database.value, by) : database;
  if (!taken.ok)
    return { ...stopped(verb, env, taken.error), means: "Nothing went down: there is no backup." };
  const { id } = taken.value.backup;
  const op = looseOp(app, "migrate");
  const names = [...plan.names];
  const began = clock.elapsed();
  ledger.record([{ type: "migrate.down-begun", data: { env, names, op: op.id, by } }]);
  const done =
    tool.value === null
      ? await desk.desk.driver.down(op, names)
      : await downByTool(app, desk, tool.value, names);
  const ms = Math.round(clock.elapsed() - began);
  const trouble = done.ok ? null : { code: done.error.code, what: done.error.what, next: done.error.next };
  ledger.record([{ type: "migrate.down-ended", data: { env, op: op.id, problem: trouble, ms } }]);
  if (!done.ok) {
    const outcome = stopped(verb, env, done.error);
    return plan.by === "us"
      ? outcome
      : {
          ...outcome,
          means: `Some may be down already: lastgood migrate status tells; ${id} is from before.`,
        };
  }
  return said(verb, env, {
    outcome: "done",
    what: `${names.join(", ")} went down in ${ms} ms.`,
    means: "The schema is older now. A release that needs them does not work on it.",
    next: `lastgood migrate status; lastgood restore ${id} takes it back.`,
    data: { names, ms, backup: id },
  });
}

type Tool = {
  readonly command: NonNullable<MigrationDesk["command"]>;
  readonly tasks: Tasks;
  readonly release: Release;
};

/** What it takes to have a tool go down by itself. */
function toolOf(app: App, { site: { world, settings }, desk }: Desk): Result<Tool> {
  const { serving, releases } = envState(app.deps.ledger.state(), settings.env);
  const release = serving === null ? undefined : releases[serving]?.release;
  if (desk.command === null || !world.tasks)
    return problem(
      "config",
      "nothing says how this tool takes a migration down",
      "Write migrations.service and migrations.down in lastgood.yml; commands run in a compose stack.",
    );
  if (!release)
    return problem("missing", "no release serves here", "Deploy one first, or take it down by hand.");
  return ok({ command: desk.command, tasks: world.tasks, release });
}

/** One at a time, in the image that shipped them: a `rollback` would take its whole batch. The table says whether it worked. */
async function downByTool(
  app: App,
  { desk }: Desk,
  { command, tasks, release }: Tool,
  names: readonly string[],
): Promise<Result<readonly string[]>> {
  const { service, argv, timeoutMs } = command;
  for (const name of names) {
    const [program, ...rest] = argv.map((one) => one.replaceAll("{name}", name));
    const task = { service, argv: [program ?? "", ...rest] as const, timeoutMs };
    const ended = await tasks.run(looseOp(app, "migrate-down"), release, task);
    if (!ended.ok) return ended;
    const after = await desk.driver.status();
    if (!after.ok) return after;
    if (after.value.applied.some((one) => one.name === name)) return stayed(name, ended.value);
  }
  return ok(names);
}

function stayed(
  name: string,
  state: { readonly is: string; readonly lastLines?: readonly string[] },
): Result<never> {
  const lines = (state.lastLines ?? []).slice(-3).join(" ");
  return problem(
    "failed",
    `${name} is applied still; the command said: ${lines || "nothing"}`,
    "Mend the command, then say it again.",
  );
}

function statusData(status: MigrationStatus): JsonObject {
  return {
    ...(JSON.parse(JSON.stringify(status)) as JsonObject),
    start: startOn(status),
    about: [...statusLines(status)],
  };
}

function statusLines({ applied, pending, unknown, edited, failed }: MigrationStatus): readonly string[] {
  const mark = (name: string) => {
    if (failed.includes(name)) return "failed   ";
    if (unknown.includes(name)) return "unknown  ";
    return edited.includes(name) ? "edited   " : "applied  ";
  };
  const open = pending.filter((name) => !failed.includes(name));
  return [...applied.map(({ name }) => `${mark(name)}${name}`), ...open.map((name) => `pending  ${name}`)];
}
