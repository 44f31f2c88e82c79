// Which store it is: a name of ours in it, and what the server says of itself.
import { ok, type Result } from "../../../core/result.ts";
import type { RedisLink } from "../../../ports/redis-link.ts";
import { type Context, IDENTITY } from "./context.ts";
import { digestOf, type Manifest } from "./manifest.ts";
import { askOne, textOf } from "./say.ts";
import { numberIn, type ServerFacts } from "./server.ts";

/** A name for the store, written into it once. Null where it may not be: a replica, or a user who only reads. */
export async function identityOf(
  context: Context,
  live: RedisLink,
  facts: ServerFacts,
): Promise<Result<string | null>> {
  const known = await readIdentity(live);
  if (!known.ok || known.value !== null) return known;
  const replies = await live.ask([
    ["SET", IDENTITY, digestOf(context.ids.fresh(facts.info["run_id"] ?? "store")), "NX"],
  ]);
  return replies.ok ? readIdentity(live) : replies;
}

/** Null where it has none. */
export async function readIdentity(live: RedisLink): Promise<Result<string | null>> {
  const said = await askOne(live, "GET", IDENTITY);
  return said.ok ? ok(textOf(said.value) || null) : said;
}

export function aboutServer(facts: ServerFacts): Manifest["server"] {
  return {
    version: facts.version,
    runId: facts.info["run_id"] ?? "",
    role: facts.info["role"] ?? "",
    memoryBytes: numberIn(facts, "used_memory_dataset"),
    appendOnly: facts.info["aof_enabled"] === "1",
    eviction: facts.info["maxmemory_policy"] ?? "",
  };
}
