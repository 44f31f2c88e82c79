// lastgood migrate status | down: where the schema stands against the code, and the way down where there is one.
import type { NewEvent } from "../core/event.ts";
import type { JsonObject } from "../core/json.ts";
import { type MigrationStatus, startOn, startSentence } from "../core/migrations/status.ts";
import { labelOf, valueWords, type Way, wayWords } from "../core/migrations/way.ts";
import type { Plan } from "../core/plan/plan.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { RunState } from "../core/run.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { runData } from "../core/view/run-data.ts";
import type { DownPlan } from "../ports/migrations.ts";
import { type App, type Site, site } from "./app.ts";
import { notDone } from "./deploy-outcome.ts";
import { said } from "./find-backup.ts";
import { planMigrateDown } from "./migrate-plan.ts";
import type { MigrationDesk } from "./migration-desk.ts";
import { runPlan } from "./run-plan.ts";

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
  const { driver } = desk.value.desk;
  const status = await driver.status();
  if (!status.ok) return stopped(verb, env, status.error);
  const ways = await driver.ways();
  if (!ways.ok) return stopped(verb, env, ways.error);
  const newest = await driver.planDown({ count: 1, to: null });
  const { applied, pending, unknown } = status.value;
  const what = `${applied.length} applied, ${pending.length} pending, ${unknown.length} unknown to the folder (${status.value.tool}).`;
  const next = unknown.length > 0 ? "lastgood migrate down --plan shows whether there is a way down." : "";
  return said(verb, env, {
    outcome: "done",
    what,
    means: startSentence(status.value),
    next,
    data: statusData(status.value, ways.value, newest.ok ? newest.value : null),
  });
}

export async function migrateDown(app: App, input: MigrateDownInput): Promise<Outcome> {
  const { env, count, to } = input;
  const desk = deskIn(app, env);
  if (!desk.ok) return stopped(verb, env, desk.error);
  const down = await desk.value.desk.driver.planDown({ count, to });
  if (!down.ok) return stopped(verb, env, down.error);
  const plan = planMigrateDown(app, { ...desk.value, down: down.value }, input.by);
  if (!plan.ok) return stopped(verb, env, plan.error);
  if (!input.planOnly && input.approved) return carryOut(app, input, down.value, plan.value);
  const what = `${down.value.names.join(", ")} would go down, newest first.`;
  const means = `Nothing was changed. ${takesWords(down.value)} A backup is taken before, and without one nothing goes down.`;
  const data = { names: [...down.value.names], by: down.value.by, ways: waysData(down.value) };
  const outcome = input.planOnly ? "planned" : "waits";
  return said(verb, env, { outcome, what, means, next: "Say --yes to do it.", data });
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

/** What is counted is said; of what nobody tried, what always holds. */
function takesWords({ names, ways }: DownPlan): string {
  if (ways.length < names.length) return "What their columns and tables hold goes with them.";
  return ways
    .map(({ way, takes }) => {
      if (takes === null)
        return `${way.name}: ${wayWords(way)}; what goes with it is counted once the newer are down.`;
      const along = takes.length === 0 ? "nothing goes with it" : `${valueWords(takes)} of now go with it`;
      return `${way.name}: ${wayWords(way)}; ${along}.`;
    })
    .join(" ");
}

function waysData({ ways }: DownPlan): JsonObject[] {
  return ways.map(({ way, takes }) => ({
    name: way.name,
    label: labelOf(way),
    words: wayWords(way),
    sql: way.sql,
    takes: takes === null ? null : takes.map((one) => ({ ...one })),
  }));
}

async function carryOut(
  app: App,
  { env, by }: MigrateDownInput,
  { names, by: who }: DownPlan,
  plan: Plan,
): Promise<Outcome> {
  const { ledger } = app.deps;
  const op = app.ids.fresh("migrate");
  const begun: NewEvent = { type: "migrate.down-begun", data: { env, names: [...names], op, by } };
  const run = await runPlan(app, plan, { by, goingBack: false, with: [begun] });
  if (!run.ok) return stopped(verb, env, run.error);
  const { outcome, why } = run.value;
  const trouble =
    outcome === "done" ? null : (why ?? { code: "failed", what: "it did not end", next: "lastgood status" });
  const ms = Object.values(run.value.do).reduce(
    (sum, one) => sum + (one.kind === "database.backup" ? 0 : one.ms),
    0,
  );
  ledger.record([{ type: "migrate.down-ended", data: { env, op, problem: trouble, ms: Math.round(ms) } }]);
  if (trouble !== null) return notDown(env, run.value, who);
  const backup = backupOf(run.value);
  return said(verb, env, {
    outcome: "done",
    what: `${names.join(", ")} went down in ${Math.round(ms)} ms.`,
    means: "The schema is older now. A release that needs them does not work on it.",
    next: `lastgood migrate status; lastgood restore ${backup} takes it back.`,
    data: { ...runData(run.value), names: [...names], ms: Math.round(ms), backup },
  });
}

function backupOf({ do: done }: RunState): string {
  return (done["backup"]?.evidence as { readonly backup?: string } | null)?.backup ?? "";
}

function notDown(env: string, run: RunState, who: DownPlan["by"]): Outcome {
  const outcome = notDone(verb, env, run);
  if (run.status === "paused") return outcome;
  if (run.do["backup"]?.status !== "verified")
    return { ...outcome, means: "Nothing went down: there is no backup." };
  if (who === "us") return { ...outcome, means: "Nothing was changed." };
  return {
    ...outcome,
    means: `Some may be down already: lastgood migrate status tells; ${backupOf(run)} is from before.`,
  };
}

function statusData(status: MigrationStatus, ways: readonly Way[], newest: DownPlan | null): JsonObject {
  return {
    ...(JSON.parse(JSON.stringify(status)) as JsonObject),
    start: startOn(status),
    ways: ways.map((way) => ({
      name: way.name,
      label: labelOf(way),
      words: wayWords(way),
      release: way.release,
    })),
    about: [...statusLines(status, ways, newest)],
  };
}

function statusLines(
  { applied, pending, unknown, edited, failed }: MigrationStatus,
  ways: readonly Way[],
  newest: DownPlan | null,
): readonly string[] {
  const mark = (name: string) => {
    if (failed.includes(name)) return "failed   ";
    if (unknown.includes(name)) return "unknown  ";
    return edited.includes(name) ? "edited   " : "applied  ";
  };
  const open = pending.filter((name) => !failed.includes(name));
  const back = (name: string) => {
    const counted = newest?.ways.find(({ way }) => way.name === name);
    const way = counted?.way ?? ways.find((one) => one.name === name);
    if (way === undefined) return "";
    const takes = counted?.takes ?? [];
    return `  ${wayWords(way)}${takes.length === 0 ? "" : `; ${valueWords(takes)} of now would go with it`}`;
  };
  return [
    ...applied.map(({ name }) => `${mark(name)}${name}${back(name)}`),
    ...open.map((name) => `pending  ${name}${back(name)}`),
  ];
}
