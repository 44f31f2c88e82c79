// A release goes back together with its migrations: no code that needs them is left when they go down.
import { labelOf, valueWords, type Way, wayWords } from "../core/migrations/way.ts";
import * as block from "../core/plan/blocks.ts";
import type { PlanFacts } from "../core/plan/facts.ts";
import type { Plan, PlanStep } from "../core/plan/plan.ts";
import { planRollbackWithSchema } from "../core/plan/with-schema.ts";
import { type Release, routedOf } from "../core/release.ts";
import { ok, type Problem, problem, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { withDeadline } from "../engine/deadline.ts";
import type { DownPlan } from "../ports/migrations.ts";
import type { App, Site } from "./app.ts";
import { backupFirst, bySql, byTool } from "./migrate-plan.ts";
import type { MigrationDesk } from "./migration-desk.ts";

export type Both = { readonly plan: Plan; readonly warnings: readonly string[] };

export type Back = {
  readonly facts: PlanFacts;
  /** The code alone. */
  readonly plan: Plan;
  /** Nobody saw what goes along: then nothing may. */
  readonly lossless: boolean;
};

/** Production is broken meanwhile, and the database may be what is broken. */
export const askMs = 1_000;

/** `refused` where what came with the release is not the newest, or has no way down. */
export async function withMigrationsDown(app: App, site: Site, back: Back): Promise<Result<Both>> {
  const { migrations: desk } = site;
  const { facts, plan, lossless } = back;
  const { from } = facts;
  if (!desk || !site.world.database || from === null) return noneHere(from);
  const look = () => downOf(app, site, desk, from);
  const asked = lossless
    ? (await withDeadline(app.deps.clock, askMs, "asking for migrations", look)).result
    : await look();
  // A database that is overloaded by the release takes no more sessions: what is kept here tells enough.
  const down =
    asked.ok || !lossless || settled.includes(asked.error.code)
      ? asked
      : await blindly(app, site, desk, from);
  if (!down.ok) return down;
  if (down.value === null) return lossless ? ok({ plan, warnings: [] }) : noneHere(from);
  const { names, by } = down.value;
  const free = losesNothing(down.value);
  if (lossless && !free)
    return problem(
      "refused",
      `something goes along with ${names.join(", ")}`,
      "lastgood rollback --with-migrations --plan shows it.",
    );
  if (free) return ok({ plan: atOnce(back, from, down.value), warnings: [] });
  const steps = by === "us" ? ok([bySql(names)]) : byTool(site, desk, from.id, names);
  if (!steps.ok) return steps;
  return ok({ plan: joined(back, from, down.value, steps.value), warnings: warningsOf(down.value) });
}

/** Answers of the database: everything else says that it did not answer. */
const settled: readonly Problem["code"][] = ["refused", "conflict", "damaged"];

/** Null where nothing of the release is applied. */
async function downOf(
  app: App,
  site: Site,
  desk: MigrationDesk,
  from: Release,
): Promise<Result<DownPlan | null>> {
  const came = await cameWith(app, site, desk, from);
  if (!came.ok) return came;
  const { names, onTop } = came.value;
  if (names.length === 0) return ok(null);
  if (onTop) return desk.driver.planDown({ count: names.length, to: null });
  return problem(
    "refused",
    `other migrations were applied after those of ${from.version}`,
    "Roll back without --with-migrations, then look: lastgood migrate status",
  );
}

/** From what is kept here; the transaction looks at the database, and refuses where it is another one than this says. */
async function blindly(
  app: App,
  site: Site,
  desk: MigrationDesk,
  from: Release,
): Promise<Result<DownPlan | null>> {
  const known = await broughtBy(app, site, desk, from);
  if (!known.ok) return known;
  const names = known.value.names.toReversed();
  const ways = names.flatMap((name) => known.value.ways.filter((way) => way.name === name));
  if (names.length === 0) return ok(null);
  return ok({ names, ways: ways.map((way) => ({ way, takes: null })), by: "us" });
}

/** Seen on the copy, and in the live database now; the transaction itself looks once more. */
function losesNothing({ by, ways, names }: DownPlan): boolean {
  if (by !== "us" || ways.length < names.length) return false;
  return ways.every(
    ({ way, takes }) =>
      labelOf(way) === "reversible" && way.withoutRows === null && (takes === null || takes.length === 0),
  );
}

/** Requests wait while it goes down; platforms that replace in place have no edge of ours that could hold them. */
function atOnce({ facts, plan }: Back, from: Release, { names, ways }: DownPlan): Plan {
  const down = bySql(names, true);
  const notes = ways.map(({ way }) => `The migration ${way.name} goes down with it: ${wayWords(way)}.`);
  const both =
    facts.style === "in-place"
      ? { ...plan, steps: [...plan.steps, { ...down, onFailure: "pause" as const }] }
      : planRollbackWithSchema(facts, from, down);
  return { ...both, notes: [...both.notes, ...notes] };
}

/** Past the switch there is no way but on: where the schema can't go down, the older release serves on it as it is. */
function joined(
  { facts, plan }: Back,
  from: Release,
  { names, ways }: DownPlan,
  steps: readonly PlanStep[],
): Plan {
  const keep = { onFailure: "pause" as const };
  const drained = routedOf(from).map((service) => block.drain(facts, from, service, keep));
  const tried = ways.map(
    ({ way }) => `The migration ${way.name} goes down after the switch: ${wayWords(way)}.`,
  );
  const untried =
    ways.length > 0
      ? []
      : [`After the switch go down, in the image of ${from.version}: ${names.join(", ")}.`];
  const schema = [backupFirst("before-migrate-down"), ...steps].map((step) => ({ ...step, ...keep }));
  const notes = [...plan.notes, ...tried, ...untried];
  return { ...plan, notes, steps: [...plan.steps, ...drained, ...schema] };
}

/** Not in the plan: what is counted changes while people write, and a plan is approved as it was read. */
function warningsOf({ ways }: DownPlan): readonly string[] {
  return ways.flatMap(({ way, takes }) =>
    takes === null || takes.length === 0 ? [] : [`With ${way.name} go ${valueWords(takes)} of now.`],
  );
}

export type Brought = {
  /** In the order in which they were applied. */
  readonly names: readonly string[];
  /** Of those that were made and tried. */
  readonly ways: readonly Way[];
};

/** What a release brought, by the journal and by the ways down that are kept. The database is not asked. */
export async function broughtBy(
  { deps }: App,
  { settings }: Site,
  { driver }: MigrationDesk,
  { id }: Release,
): Promise<Result<Brought>> {
  const kept = await driver.ways();
  if (!kept.ok) return kept;
  const told = envState(deps.ledger.state(), settings.env).brought[id] ?? [];
  const own = kept.value.filter(({ name, release }) => release === id && !told.includes(name));
  const names = [...told, ...own.map(({ name }) => name).toSorted()];
  return ok({ names, ways: kept.value.filter(({ name }) => names.includes(name)) });
}

export type Came = Brought & {
  /** Nothing was applied after them. */
  readonly onTop: boolean;
  /** The one before them; null where there is none. */
  readonly after: string | null;
};

/** Migrations that this release brought, and that are applied now. */
export async function cameWith(
  app: App,
  site: Site,
  desk: MigrationDesk,
  release: Release,
): Promise<Result<Came>> {
  const brought = await broughtBy(app, site, desk, release);
  if (!brought.ok) return brought;
  const status = await desk.driver.status();
  if (!status.ok) return status;
  const all = status.value.applied.map(({ name }) => name);
  const names = all.filter((name) => brought.value.names.includes(name));
  const ways = names.flatMap((name) => brought.value.ways.filter((way) => way.name === name));
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
