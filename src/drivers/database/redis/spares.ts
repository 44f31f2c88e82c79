// Numbered databases that the app does not use: where a restore is laid out, and where what it replaced lies for a while.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { RedisLink } from "../../../ports/redis-link.ts";
import { TAG } from "./context.ts";
import { askAll, refusalOf, textOf } from "./say.ts";
import type { ServerFacts, Tag } from "./server.ts";

/** What a server has that nobody set otherwise. */
const USUAL_DATABASES = 16;

/** Empties those of ours that `which` names. */
export async function clearSpares(
  live: RedisLink,
  { spares }: ServerFacts,
  which: (tag: Tag) => boolean,
): Promise<Result<void>> {
  for (const [db, { tag }] of spares) {
    if (!which(tag)) continue;
    const cleared = await askAll(live, [
      ["SELECT", String(db)],
      ["FLUSHDB", "ASYNC"],
    ]);
    if (!cleared.ok) return cleared;
  }
  const home = await askAll(live, [["SELECT", "0"]]);
  return home.ok ? ok(undefined) : home;
}

/** `count` empty ones, from the end: apps begin with 0. `taken` are not to be had. */
export async function freeDatabases(
  live: RedisLink,
  facts: ServerFacts,
  count: number,
  taken: readonly number[],
): Promise<Result<readonly number[]>> {
  const said = await live.ask([["CONFIG", "GET", "databases"]]);
  if (!said.ok) return said;
  const [pair] = said.value;
  // Where CONFIG is forbidden, the usual number is tried.
  const known = refusalOf(pair) === null && Array.isArray(pair) ? Number(textOf(pair[1])) : Number.NaN;
  const most = Number.isInteger(known) && known > 0 ? known : USUAL_DATABASES;
  const free: number[] = [];
  for (let db = most - 1; db > 0 && free.length < count; db--)
    if (!facts.used.has(db) && !facts.spares.has(db) && !taken.includes(db)) free.push(db);
  if (free.length === count) return ok(free);
  return problem(
    "refused",
    `this Redis has ${most} numbered databases, ${facts.used.size} in use, and a restore needs ${count} empty ones`,
    `set databases to ${facts.used.size + facts.spares.size + count} or more in redis.conf and restart it`,
  );
}

/** The selected database becomes ours. */
export function tagCommand(tag: Tag): readonly string[] {
  return ["SET", TAG, JSON.stringify(tag)];
}
