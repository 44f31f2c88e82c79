// A release goes back together with its migrations: first the code, then, with nothing left that needs it, the schema.
import { valueWords, type Way, wayWords } from "../core/migrations/way.ts";
import * as block from "../core/plan/blocks.ts";
import type { PlanFacts } from "../core/plan/facts.ts";
import type { Plan } from "../core/plan/plan.ts";
import { type Release, routedOf } from "../core/release.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { DownPlan } from "../ports/migrations.ts";
import type { Site } from "./app.ts";
import { backupFirst, bySql } from "./migrate-plan.ts";
import type { MigrationDesk } from "./migration-desk.ts";

export type Both = { readonly plan: Plan; readonly warnings: readonly string[] };

/** `refused` where what came with the release is not the newest, has no way down, or its tool goes down by itself. */
export async function withMigrationsDown(
  { migrations: desk, world }: Site,
  facts: PlanFacts,
  plan: Plan,
): Promise<Result<Both>> {
  const { from } = facts;
  if (!desk || !world.database || from === null) return noneHere(from);
  const came = await cameWith(desk, from);
  if (!came.ok) return came;
  const { names, onTop } = came.value;
  if (names.length === 0) return noneHere(from);
  if (!onTop)
    return problem(
      "refused",
      `other migrations were applied after those of ${from.version}`,
      "Roll back without --with-migrations, then look: lastgood migrate status",
    );
  const down = await desk.driver.planDown({ count: names.length, to: null });
  if (!down.ok) return down;
  if (down.value.by !== "us")
    return problem(
      "refused",
      "this tool takes its migrations down by itself, in the release that has them",
      "Take them down first (lastgood migrate down), then roll back.",
    );
  return ok({ plan: joined(facts, from, plan, down.value), warnings: warningsOf(down.value) });
}

/** Past the switch there is no way but on: where the schema can't go down, the older release serves on it as it is. */
function joined(facts: PlanFacts, from: Release, plan: Plan, down: DownPlan): Plan {
  const keep = { onFailure: "pause" as const };
  const drained = routedOf(from).map((service) => block.drain(facts, from, service, keep));
  const notes = down.ways.map(
    ({ way }) => `The migration ${way.name} goes down after the switch: ${wayWords(way)}.`,
  );
  const schema = [backupFirst("before-migrate-down"), bySql(down.names)].map((step) => ({
    ...step,
    ...keep,
  }));
  return { ...plan, notes: [...plan.notes, ...notes], steps: [...plan.steps, ...drained, ...schema] };
}

/** Not in the plan: what is counted changes while people write, and a plan is approved as it was read. */
function warningsOf({ ways }: DownPlan): readonly string[] {
  return ways.flatMap(({ way, takes }) =>
    takes === null || takes.length === 0 ? [] : [`With ${way.name} go ${valueWords(takes)} of now.`],
  );
}

export type Came = {
  /** In the order in which they were applied. */
  readonly names: readonly string[];
  readonly ways: readonly Way[];
  /** Nothing was applied after them. */
  readonly onTop: boolean;
  /** The one before them; null where there is none. */
  readonly after: string | null;
};

/** Migrations that this release brought, as their ways down say, and that are applied now. */
export async function cameWith({ driver }: MigrationDesk, { id }: Release): Promise<Result<Came>> {
  const [kept, status] = [await driver.ways(), await driver.status()];
  if (!kept.ok) return kept;
  if (!status.ok) return status;
  const all = status.value.applied.map(({ name }) => name);
  const ways = all.flatMap((name) => kept.value.filter((way) => way.name === name && way.release === id));
  const names = ways.map(({ name }) => name);
  const first = all.findIndex((name) => names.includes(name));
  const onTop = names.every((name, at) => all[first + at] === name) && first + names.length === all.length;
  return ok({ names, ways, onTop, after: all[first - 1] ?? null });
}

function noneHere(from: Release | null): Result<never> {
  return problem(
    "missing",
    `no migration is known here that came with ${from?.version ?? "what serves"}`,
    "Roll back without --with-migrations.",
  );
}
