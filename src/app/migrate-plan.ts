// Going down as a plan of the engine: it holds the lock, takes a backup first, and is brought to its end after a crash.
import type { Plan, PlanStep } from "../core/plan/plan.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import type { DownPlan } from "../ports/migrations.ts";
import type { App, Site } from "./app.ts";
import type { MigrationDesk } from "./migration-desk.ts";

export type Going = { readonly site: Site; readonly desk: MigrationDesk; readonly down: DownPlan };

export function planMigrateDown(app: App, { site, desk, down }: Going, by: string): Result<Plan> {
  const { settings, world } = site;
  if (!world.database)
    return problem(
      "config",
      `${settings.env} has no database that could be backed up first`,
      "Add a `database:` section to lastgood.yml.",
    );
  const { serving, releases } = envState(app.deps.ledger.state(), settings.env);
  const release = serving === null ? null : (releases[serving]?.release ?? null);
  const steps =
    down.by === "us" ? ok([bySql(down.names)]) : byTool(site, desk, release?.id ?? null, down.names);
  if (!steps.ok) return steps;
  return ok({
    kind: "migrate-down",
    app: settings.app,
    env: settings.env,
    target: release?.id ?? "nothing",
    from: release?.id ?? null,
    why: `${by} takes down ${down.names.join(", ")}`,
    promisesNoDowntime: false,
    notes: [],
    steps: [backupFirst("before-migrate-down"), ...steps.value],
    undo: [],
  });
}

export function backupFirst(label: string): PlanStep {
  return step("backup", "database.backup", "take a backup first", { label, position: false });
}

/** `lossless`: refused where anything of now would go along. */
export function bySql(names: readonly string[], lossless = false): PlanStep {
  return step("down", "migrations.down", `take down ${names.join(", ")} in one transaction`, {
    names: [...names],
    ...(lossless ? { lossless } : {}),
  });
}

/** One at a time, in the image that shipped them: a `rollback` would take its whole batch. */
export function byTool(
  { world }: Site,
  { command }: MigrationDesk,
  release: string | null,
  names: readonly string[],
): Result<readonly PlanStep[]> {
  if (command === null || !world.tasks)
    return problem(
      "config",
      "nothing says how this tool takes a migration down",
      "Write migrations.service and migrations.down in lastgood.yml; commands run in a compose stack.",
    );
  if (release === null)
    return problem("missing", "no release serves here", "Deploy one first, or take it down by hand.");
  const { service, timeoutMs } = command;
  return ok(
    names.map((name, at) => {
      const argv = command.argv.map((one) => one.replaceAll("{name}", name));
      const input = { name, service, release, argv, timeoutMs };
      return step(`down-${at + 1}`, "migrations.down-by-tool", `take down ${name} by its own tool`, input);
    }),
  );
}

function step(key: string, kind: string, title: string, input: PlanStep["input"]): PlanStep {
  return { key, kind, title, input, safePointAfter: true, onFailure: "turn" };
}
