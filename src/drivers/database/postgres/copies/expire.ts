// Template copies take the database's size each: few are kept, and none without the dump that was made of it.
import { ok, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import type { Manifest } from "../manifest.ts";
import { listManifests } from "../store.ts";
import { dropSide } from "../swap/settle.ts";
import { type Copy, copiesThere } from "./notes.ts";

/** Needs the lock. Those whose backup was never made, or is gone. */
export function dropOrphans(context: Context, desk: SqlSession): Promise<Result<void>> {
  return dropAll(context, desk, (copies, owned) => copies.filter((copy) => !owned(copy)));
}

/** Needs the lock, after a backup is whole. The dump stays whatever becomes of its copy: it is the one that is proved. */
export function expireCopies(context: Context, desk: SqlSession): Promise<Result<void>> {
  const keep = context.config.copies?.keep ?? 0;
  return dropAll(context, desk, (copies, owned) => {
    const wanted = copies.filter(owned).slice(0, keep);
    return copies.filter((copy) => !wanted.includes(copy));
  });
}

type Owned = (copy: Copy) => boolean;

async function dropAll(
  context: Context,
  desk: SqlSession,
  choose: (copies: readonly Copy[], owned: Owned) => readonly Copy[],
): Promise<Result<void>> {
  const there = await copiesThere(context, desk);
  if (!there.ok) return there;
  if (there.value.length === 0) return ok(undefined);
  const manifests = await listManifests(context);
  if (!manifests.ok) return manifests;
  for (const copy of choose(there.value, (one) => manifests.value.some((each) => isOf(each, one)))) {
    const dropped = await dropSide(desk, copy.name);
    if (!dropped.ok) return dropped;
  }
  return ok(undefined);
}

function isOf({ copy }: Manifest, { oid, point }: Copy): boolean {
  return copy?.oid === oid && copy.op === point.op;
}
