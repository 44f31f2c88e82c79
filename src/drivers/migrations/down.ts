// What would go down, and the scripts that do it: written by an author, or made and tried by us.
import { type Applied, chooseDown, downBy } from "../../core/migrations/status.ts";
import type { Way } from "../../core/migrations/way.ts";
import { assert, ok, problem, type Result } from "../../core/result.ts";
import type { DownPlan, DownWish } from "../../ports/migrations.ts";
import type { SqlSession } from "../../ports/sql.ts";
import { readCatalog, shapeOf } from "./catalog.ts";
import type { MigrationsConfig, MigrationsDeps } from "./config.ts";
import { calledIn, downText, sqlFolder } from "./folders.ts";
import { countGoing } from "./going.ts";
import { keptWays } from "./kept-ways.ts";
import type { Seen } from "./see.ts";
import { elsewhere, type Script } from "./sql-down.ts";

type Looking = { readonly session: SqlSession; readonly seen: Seen };

export async function planDown(
  config: MigrationsConfig,
  deps: MigrationsDeps,
  { session, seen: { status, shipped } }: Looking,
  wish: DownWish,
): Promise<Result<DownPlan>> {
  const kept = await keptWays(deps.files, config.kept);
  if (!kept.ok) return kept;
  const ways = waysOf(kept.value, status.applied);
  const live = await readCatalog(session, status.table);
  if (!live.ok) return live;
  const shape = shapeOf(live.value);
  const untouched = status.failed.filter((name) => ways.get(name)?.before === shape);
  const reasons = new Map([...ways].map(([name, way]) => [name, whyNot(way, status.applied)]));
  const chosen = chooseDown({ status, shipped, ways: reasons, untouched }, wish);
  if (!chosen.ok) return problem("refused", chosen.why, chosen.next);
  const by = downBy[config.tool];
  const [newest] = chosen.names;
  const made = chosen.names.flatMap((name) => {
    const way = isWritten(name) || untouched.includes(name) ? undefined : ways.get(name);
    return way === undefined ? [] : [way];
  });
  if (made[0]?.name === newest && newest !== undefined && made[0]?.after !== shape)
    return elsewhere(newest, "the schema is not the one that its way down was tried on");
  const counted = await countAll(session, made);
  return counted.ok ? ok({ names: chosen.names, by, ways: counted.value }) : counted;

  function isWritten(name: string): boolean {
    return shipped.find((one) => one.name === name)?.down === true;
  }
}

async function countAll(session: SqlSession, made: readonly Way[]): Promise<Result<DownPlan["ways"]>> {
  const counted: DownPlan["ways"][number][] = [];
  for (const [at, way] of made.entries()) {
    const takes = await countGoing(session, way.going);
    if (!takes.ok && (at === 0 || takes.error.code === "refused")) return takes;
    counted.push({ way, takes: takes.ok ? takes.value : null });
  }
  return ok(counted);
}

/** Null where it can be gone. */
function whyNot(way: Way, applied: readonly Applied[]): string | null {
  if (way.why !== null) return way.why;
  const row = applied.find((one) => matches(way, one));
  return row?.digest != null && row.digest !== way.up ? "what was applied is not what it was made for" : null;
}

/** By the names that the tool's table has. */
function waysOf(kept: readonly Way[], applied: readonly Applied[]): ReadonlyMap<string, Way> {
  return new Map(
    applied.flatMap((row) => {
      const way = kept.find((one) => matches(one, row));
      return way === undefined ? [] : [[row.name, { ...way, name: row.name }] as const];
    }),
  );
}

/** Runners of plain SQL call a file as they like. */
function matches({ name, tool }: Way, row: Applied): boolean {
  if (tool !== "sql") return name === row.name;
  return calledIn([row], { name, up: `${name}.sql`, down: null }) === row.name;
}

export async function scriptsFor(
  config: MigrationsConfig,
  { files }: MigrationsDeps,
  applied: readonly Applied[],
  names: readonly string[],
): Promise<Result<readonly Script[]>> {
  assert(downBy[config.tool] === "us", `${config.tool} goes down by its own tool`);
  const kept = await keptWays(files, config.kept);
  if (!kept.ok) return kept;
  // Also where its row is gone: the op may have been done before.
  const rowOf = (name: string) =>
    applied.find((one) => one.name === name) ?? { name, digest: null, at: null, failed: false, batch: null };
  const ways = waysOf(kept.value, names.map(rowOf));
  const scripts: Script[] = [];
  for (const name of names) {
    const written = config.tool === "sql" ? await writtenFor(config, files, rowOf(name)) : ok(null);
    if (!written.ok) return written;
    const script = withGoing(written.value, ways.get(name)) ?? made(rowOf(name), ways.get(name));
    if (script === null)
      return problem("missing", `${name} has no way down here`, "restore instead: lastgood restore");
    scripts.push(script);
  }
  return ok(scripts);
}

/** What its author wrote was tried as well, and that is where what goes along is known from. */
function withGoing(written: Script | null, way: Way | undefined): Script | null {
  return written && { ...written, going: way === undefined || way.why !== null ? null : way.going };
}

function made({ name, failed, digest }: Applied, way: Way | undefined): Script | null {
  if (way === undefined || (digest !== null && digest !== way.up && !failed)) return null;
  // It left nothing, or it does not go down: the schema has to be that of before.
  const { before, after, sql, going } = way;
  if (failed) return { name, sql: "", failed, tried: { from: before, to: before }, going: [] };
  return way.why === null ? { name, sql, failed, tried: { from: after, to: before }, going } : null;
}

async function writtenFor(
  config: MigrationsConfig,
  files: MigrationsDeps["files"],
  row: Applied,
): Promise<Result<Script | null>> {
  const listed = await sqlFolder(files, config.folder);
  if (!listed.ok) return listed;
  const file = listed.value.find((one) => calledIn([row], one) === row.name);
  const sql = file === undefined ? ok(null) : await downText(files, config.folder, file);
  if (!sql.ok) return sql;
  return ok(
    sql.value === null
      ? null
      : { name: row.name, sql: sql.value, failed: row.failed, tried: null, going: null },
  );
}
