// The database that is to take the live name: one made of a backup's files, or one that is on the server already.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Op } from "../../../../ports/op.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { copySide } from "../copies/restore.ts";
import { databaseFacts } from "../facts.ts";
import { type Manifest, tableName } from "../manifest.ts";
import { applyProperties, type Properties } from "../properties/apply.ts";
import { placeOf } from "../reach.ts";
import { inSession } from "../rows.ts";
import { findManifest } from "../store.ts";
import { DESK, type Entry, readEntry } from "../swap/entry.ts";
import { expireKept } from "../swap/expire.ts";
import { tableShapes } from "../tables.ts";
import { toolsOf } from "../tools.ts";
import type { RestoreOptions } from "./options.ts";
import { prepareSide } from "./prepare.ts";
import { mayExchange, refuseEarly } from "./refuse.ts";
import { sourceOf } from "./source.ts";

export type Wish = { readonly op: Op; readonly id: string; readonly options: RestoreOptions };

/** Whole, verified, with its own rights. Needs the lock of exchanges. */
export async function sideFor(
  context: Context,
  desk: SqlSession,
  { op, id, options }: Wish,
  live: Entry | null,
): Promise<Result<Entry>> {
  const manifest = await findManifest(context, id);
  if (!manifest.ok) return manifest;
  const now = live === null ? ok(null) : await databaseFacts(desk, live.name);
  if (!now.ok) return now;
  if (manifest.value.place.kind === "database") return itself(context, desk, manifest.value, live, now.value);
  const copied = await copySide(context, desk, manifest.value, { op, live, now: now.value });
  if (!copied.ok) return copied;
  if (copied.value !== null) return ok(copied.value);
  const expired = await expireKept(context, desk, id);
  if (!expired.ok) return expired;
  const around = live === null ? withoutLive(context) : context;
  const early = await refuseEarly(around, desk, manifest.value, live);
  if (!early.ok) return early;
  const same = live === null ? ok(undefined) : await sameApp(context, manifest.value);
  if (!same.ok) return same;
  const source = sourceOf(context, manifest.value);
  return prepareSide(around, desk, { op, source, now: now.value, options });
}

/** The programs are chosen by the server's version, which is asked in the live database as long as there is one. */
function withoutLive(context: Context): Context {
  const app = { connect: (name?: string) => context.admin.connect(name ?? DESK) };
  return {
    ...context,
    tools: toolsOf({ ...context, app }, placeOf(context.docker, context.config.container)),
  };
}

async function itself(
  context: Context,
  desk: SqlSession,
  { id, place, database }: Manifest,
  live: Entry | null,
  now: Properties | null,
): Promise<Result<Entry>> {
  const entry = place.kind === "database" ? await readEntry(desk, place.name) : ok(null);
  if (!entry.ok) return entry;
  if (entry.value === null || place.kind !== "database" || entry.value.oid !== place.oid)
    return problem(
      "missing",
      `the database of ${id} is not on the server any more`,
      "choose another one: lastgood backup list",
      context.database,
    );
  const may = await mayExchange(context, desk, [entry.value.owner, ...(live === null ? [] : [live.owner])]);
  if (!may.ok || place.why === "before") return may.ok ? ok(entry.value) : may;
  // A copy by TEMPLATE has none of them.
  const given = await applyProperties(desk, entry.value.name, database, now);
  return given.ok ? ok({ ...entry.value, own: database.comment }) : given;
}

/** Two databases without one table in common are two apps' databases. */
async function sameApp(context: Context, manifest: Manifest): Promise<Result<void>> {
  const shapes = await inSession(context.admin, context.database, tableShapes);
  if (!shapes.ok) return shapes;
  const [then, now] = [manifest.tables.map(tableName), shapes.value.map(tableName)];
  if (then.length === 0 || now.length === 0 || then.some((table) => now.includes(table)))
    return ok(undefined);
  return problem(
    "failed",
    `${manifest.id} is of another database (${manifest.database.name}): it has ${list(then)}; ${context.database} has ${list(now)}`,
    "choose a backup of this database; if it really is to replace this one, rename the live one away first",
    context.database,
  );
}

function list(tables: readonly string[]): string {
  const shown = tables.slice(0, 5).join(", ");
  return tables.length > 5 ? `${shown} and ${tables.length - 5} more` : shown;
}
