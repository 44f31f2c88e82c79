// Sessions in the kept and in the live database, and what is known of how they parted.
import { ok, type Result } from "../../../../core/result.ts";
import type { Kept } from "../../../../ports/salvage.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { findManifest, listManifests, readManifest } from "../store.ts";
import { withKept } from "../swap/kept.ts";
import { rowsOf } from "./ask.ts";
import { type Known, type Lineage, lineageOf } from "./lineage.ts";
import { noteMoments } from "./moments.ts";

export type Both = { readonly source: SqlSession; readonly target: SqlSession; readonly lineage: Lineage };

/** Both are closed at the end, and what is not committed by then is rolled back by the server. */
export async function openBoth<T>(
  context: Context,
  { id, from }: Kept,
  work: (both: Both) => Promise<Result<T>>,
): Promise<Result<T>> {
  const kept = await findManifest(context, id);
  if (!kept.ok) return kept;
  const backup = from === null ? ok(null) : await readManifest(context, from);
  if (!backup.ok) return backup;
  return withLive(context, async (target) => {
    const known = await whatIsKnown(context, target);
    if (!known.ok) return known;
    const lineage = lineageOf(kept.value, backup.value, known.value);
    if (!lineage.ok) return lineage;
    return withKept(context, lineage.value.source.name, (source) =>
      work({ source, target, lineage: lineage.value }),
    );
  });
}

export async function withLive<T>(
  context: Context,
  work: (live: SqlSession) => Promise<Result<T>>,
): Promise<Result<T>> {
  const session = await context.app.connect();
  if (!session.ok) return session;
  try {
    return await work(session.value);
  } finally {
    await session.value.close();
  }
}

export async function whatIsKnown(context: Context, live: SqlSession): Promise<Result<Known>> {
  const moments = await noteMoments(context, live);
  if (!moments.ok) return moments;
  const manifests = await listManifests(context);
  if (!manifests.ok) return manifests;
  const oid = await rowsOf(live, "SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()");
  if (!oid.ok) return oid;
  return ok({
    manifests: manifests.value,
    moments: moments.value,
    liveOid: oid.value[0]?.["oid"] ?? "",
    migrated: context.past?.migrated() ?? [],
  });
}
