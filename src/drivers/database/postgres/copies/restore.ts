// Going back to a template copy: proved to be the one of the backup, it takes the live name as it is. Else the dump does.
import { ok, type Result } from "../../../../core/result.ts";
import type { Op } from "../../../../ports/op.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { extensionFacts, objectFacts } from "../facts.ts";
import type { Manifest } from "../manifest.ts";
import { quoteName, quoteText } from "../names.ts";
import { applyProperties, type Properties } from "../properties/apply.ts";
import { mayExchange } from "../restore/refuse.ts";
import { type Entry, readEntry } from "../swap/entry.ts";
import { openFor } from "../swap/kept.ts";
import { freshMark, writeComment } from "../swap/marker.ts";
import { tableDifferences, tableFacts } from "../tables.ts";
import { type Copy, copiesThere } from "./notes.ts";

export type Around = {
  readonly op: Op;
  /** Null where there is none. */
  readonly live: Entry | null;
  readonly now: Properties | null;
};

/** Null where the backup has none, or not this one any more. Needs the lock. */
export async function copySide(
  context: Context,
  desk: SqlSession,
  manifest: Manifest,
  { op, live, now }: Around,
): Promise<Result<Entry | null>> {
  const found = await copyOf(context, desk, manifest);
  if (!found.ok || found.value === null) return found;
  const copy = found.value;
  const may = await mayExchange(context, desk, [copy.owner, ...(live === null ? [] : [live.owner])]);
  if (!may.ok) return may;
  const proved = isProved(copy, manifest) ? ok(true) : await prove(context, desk, copy, manifest);
  if (!proved.ok) return proved;
  if (!proved.value) return ok(null);
  // One commit, and not waited for: requests may wait meanwhile, and the exchange after it is, which makes both durable.
  const begun = await desk.query("BEGIN; SET LOCAL synchronous_commit = off");
  if (!begun.ok) return begun;
  const given = await applyProperties(desk, copy.name, manifest.database, now);
  const prepared = { op: op.id, backup: manifest.id, of: manifest.sha256, at: context.clock.now() };
  const mark = { ...freshMark(copy.oid, op.epoch), point: copy.point, prepared };
  const comment = quoteText(writeComment(manifest.database.comment, mark));
  const marked = given.ok
    ? await desk.query(`COMMENT ON DATABASE ${quoteName(copy.name)} IS ${comment}`)
    : given;
  const ended = await desk.query(marked.ok ? "COMMIT" : "ROLLBACK");
  if (!marked.ok) return marked;
  return ended.ok ? readEntry(desk, copy.name) : ended;
}

async function copyOf(context: Context, desk: SqlSession, { copy }: Manifest): Promise<Result<Copy | null>> {
  if (copy === undefined) return ok(null);
  const there = await copiesThere(context, desk);
  if (!there.ok) return there;
  return ok(there.value.find(({ oid, point }) => oid === copy.oid && point.op === copy.op) ?? null);
}

/** Proved before, while the app went on, and shut since: then the exchange is all that is left. */
function isProved({ mark, allowsConnections }: Copy, { id, sha256 }: Manifest): boolean {
  return !allowsConnections && mark?.prepared?.backup === id && mark.prepared.of === sha256;
}

/**
 * Nobody could enter since the dump was read from it. Somebody who opened it by hand shows in its rows, and a table
 * that cannot be read any more in an error: both mean that the dump is taken.
 */
async function prove(
  context: Context,
  desk: SqlSession,
  copy: Copy,
  manifest: Manifest,
): Promise<Result<boolean>> {
  const looked = await openFor(context, desk, copy, async (session) => {
    const tables = await tableFacts(session, "counts");
    if (!tables.ok) return ok(false);
    const objects = await objectFacts(session);
    const extensions = await extensionFacts(session);
    if (!objects.ok || !extensions.ok) return ok(false);
    const same =
      tableDifferences(manifest.tables, tables.value).length === 0 &&
      Object.entries(manifest.objects).every(([kind, count]) => objects.value[kind] === count) &&
      manifest.extensions.every(({ name, version }) =>
        extensions.value.some((one) => one.name === name && one.version === version),
      );
    return ok(same);
  });
  return looked.ok ? looked : ok(false);
}
