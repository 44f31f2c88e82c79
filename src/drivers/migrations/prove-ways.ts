// Which ways down are to be made, which are kept already, and the copy that they are tried on.
import { downBy } from "../../core/migrations/status.ts";
import type { Way } from "../../core/migrations/way.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { TryOnSchema } from "../../ports/migrations.ts";
import type { Op } from "../../ports/op.ts";
import type { SqlSession } from "../../ports/sql.ts";
import type { Copy } from "../database/postgres/copy.ts";
import { quoteName } from "../database/postgres/names.ts";
import { type Catalog, readCatalog, shapeOf } from "./catalog.ts";
import type { MigrationsConfig, MigrationsDeps } from "./config.ts";
import { keepWay, keptWays } from "./kept-ways.ts";
import { noteApplied } from "./ledger-row.ts";
import { type Proved, proveAll, sameStart, type Trying } from "./prove.ts";
import type { Seen } from "./see.ts";
import { readUps, type Up } from "./ups.ts";

/** Of the whole database. Beyond that, rows are not copied: the pause before a deploy would be minutes. */
const ROWS_BYTES_MAX = 1024 ** 3;
const withoutRows = "the database is larger than 1 GB";
/** Of one statement on the copy: a person waits for it. */
const STATEMENT_WAIT = "15min";
/** What was lost was counted then. */
const FRESH_MS = 24 * 60 * 60_000;

export type Proving = {
  readonly session: SqlSession;
  readonly seen: Seen;
  readonly op: Op;
  readonly release: string | null;
  readonly tryOn: TryOnSchema | null;
};

export async function proveWays(
  config: MigrationsConfig,
  deps: MigrationsDeps,
  { session, seen: { status }, op, release, tryOn }: Proving,
): Promise<Result<readonly Way[]>> {
  const { tool } = config;
  if (downBy[tool] !== "us" || status.pending.length === 0) return ok([]);
  const [failed] = status.failed;
  if (failed !== undefined)
    return problem(
      "refused",
      `${failed} failed half-way: nothing is applied until that is settled`,
      "lastgood migrate down takes it away where it left nothing; else restore the backup from before it",
    );
  const ups = await readUps(deps.files, config, status.applied, status.pending);
  if (!ups.ok) return ups;
  const live = await readCatalog(session, status.table);
  if (!live.ok) return live;
  const kept = await keptWays(deps.files, config.kept);
  if (!kept.ok) return kept;
  const fitting = stillFitting(kept.value, ups.value, live.value, deps.clock.now());
  if (fitting !== null && tryOn === null) return ok(fitting);
  const trying = { tool, ledger: status.table, release, at: deps.clock.now() };
  const made = await deps.copy(op, ROWS_BYTES_MAX, async (copy) => {
    const tried = await onCopy(copy, live.value, trying, ups.value);
    if (tried.ok && tried.value.stands)
      await tryOn?.(copy.withRows ? copy.place : null, copy.withRows ? "" : withoutRows);
    return tried.ok ? ok(tried.value.ways) : tried;
  });
  if (!made.ok) return made;
  for (const way of made.value) {
    const written = await keepWay(deps.files, config.kept, way);
    if (!written.ok) return written;
  }
  return made;
}

async function onCopy(
  { sql, withRows }: Copy,
  live: Catalog,
  trying: Omit<Trying, "withoutRows">,
  ups: readonly Up[],
): Promise<Result<Proved>> {
  const session = await sql.connect();
  if (!session.ok) return session;
  try {
    const patient = await session.value.query(`SET statement_timeout = '${STATEMENT_WAIT}'`);
    if (!patient.ok) return patient;
    const there = await session.value.query(pathOf(trying));
    if (!there.ok) return there;
    const copied = await readCatalog(session.value, trying.ledger);
    if (!copied.ok) return copied;
    const same = sameStart(live, copied.value);
    if (!same.ok) return same;
    const proved = await proveAll(
      session.value,
      { ...trying, withoutRows: withRows ? null : withoutRows },
      ups,
    );
    if (!proved.ok || !proved.value.stands) return proved;
    const noted = await noteApplied(session.value, trying, ups);
    return noted.ok ? proved : noted;
  } finally {
    await session.value.close();
  }
}

/** Prisma works where its own table is, by `?schema=` of the app's URL: names without a schema mean that one. */
function pathOf({ tool, ledger }: Pick<Trying, "tool" | "ledger">): string {
  const [space, table] = ledger.split(".");
  const elsewhere = tool === "prisma" && table !== undefined && space !== undefined;
  return elsewhere ? `SET search_path = ${quoteName(space)}` : "SELECT";
}

/** The same migrations, on the schema of now, and not long ago; null where one of them is not. */
function stillFitting(
  kept: readonly Way[],
  ups: readonly Up[],
  live: Catalog,
  now: number,
): readonly Way[] | null {
  const found: Way[] = [];
  let at = shapeOf(live);
  for (const { name, digest } of ups) {
    const way = kept.find((one) => one.name === name && one.up === digest && one.before === at);
    if (way === undefined || now - way.at > FRESH_MS) return null;
    found.push(way);
    at = way.after;
  }
  return found;
}
