// What is known of the migrations that a release brought, asked before it is left: of the journal, the kept ways, the database.
import type { Decision } from "../core/decide/decide.ts";
import { type BroughtMigration, runsOn, type SchemaNow, withSchema } from "../core/decide/schema.ts";
import { olderOnSchema } from "../core/migrations/older.ts";
import type { Way } from "../core/migrations/way.ts";
import type { Release } from "../core/release.ts";
import { ok, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import { lastGood } from "../core/view/releases.ts";
import { withDeadline } from "../engine/deadline.ts";
import type { App, Site } from "./app.ts";
import { policyOf } from "./decide-on.ts";
import { askMs, broughtBy, cameWith } from "./migrate-back.ts";
import type { MigrationDesk } from "./migration-desk.ts";

/** The decision, with what it means for the schema that `bad` made. */
export async function judgeSchema(
  app: App,
  site: Site,
  bad: Release | null,
  decision: Decision,
): Promise<Decision> {
  if (decision.way?.remedy !== "roll-back" || bad === null) return decision;
  const target = lastGood(envState(app.deps.ledger.state(), site.settings.env), bad.id);
  const now = target === null ? null : await schemaNow(app, site, bad, target.release);
  return withSchema(decision, policyOf(site).migrations, now);
}

/** Null where the release brought no migration. The database is asked only where that can change what is done. */
async function schemaNow(app: App, site: Site, from: Release, target: Release): Promise<SchemaNow | null> {
  const { migrations: desk } = site;
  if (!desk) return null;
  const brought = await broughtBy(app, site, desk, from);
  if (!brought.ok || brought.value.names.length === 0) return null;
  const { names, ways } = brought.value;
  const env = envState(app.deps.ledger.state(), site.settings.env);
  const tried = olderOnSchema(env.older, target.id, from.id);
  const common = {
    older: target.version,
    newer: from.version,
    runs: runsOn(tried, target.version, from.version),
  };
  const kept = { ...common, brought: names.map((name) => one(name, ways, null)), refused: null };
  if (common.runs?.works || policyOf(site).migrations === "keep") return { ...kept, unasked: null };
  const asked = await withDeadline(app.deps.clock, askMs, "asking for migrations", () =>
    askNow(app, site, desk, from),
  );
  if (!asked.result.ok) return { ...kept, unasked: asked.result.error.what };
  const live = asked.result.value;
  return live && { ...common, ...live, unasked: null };
}

type Live = Pick<SchemaNow, "brought" | "refused">;

async function askNow(
  app: App,
  site: Site,
  desk: MigrationDesk,
  from: Release,
): Promise<Result<Live | null>> {
  const came = await cameWith(app, site, desk, from);
  if (!came.ok) return came;
  const { names, ways, onTop } = came.value;
  if (names.length === 0) return ok(null);
  const brought = names.map((name) => one(name, ways, null));
  if (!onTop) return ok({ brought, refused: `other migrations were applied after those of ${from.version}` });
  const down = await desk.driver.planDown({ count: names.length, to: null });
  if (!down.ok && !["refused", "conflict"].includes(down.error.code)) return down;
  if (!down.ok) return ok({ brought, refused: down.error.what });
  if (down.value.by !== "us")
    return ok({ brought, refused: "their own tool takes them down, and what that loses nobody counts" });
  const counted = down.value.ways.map(({ way, takes }) => ({ name: way.name, way, takes }));
  const known = (name: string) => counted.find((each) => each.name === name);
  return ok({ brought: names.map((name) => known(name) ?? one(name, ways, null)), refused: null });
}

function one(name: string, ways: readonly Way[], takes: BroughtMigration["takes"]): BroughtMigration {
  return { name, way: ways.find((way) => way.name === name) ?? null, takes };
}
