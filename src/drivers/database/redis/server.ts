// What a Redis says of itself, and whether a restore is possible there at all.

import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { RedisLink } from "../../../ports/redis-link.ts";
import { TAG } from "./context.ts";
import { askAll, askOne, infoOf, textOf } from "./say.ts";

const tagSchema = z.object({
  /** `loading`: not whole yet. `ready`: what a restore will put in place. `kept`: what a restore replaced. */
  state: z.enum(["loading", "ready", "kept"]),
  /** The backup that is loaded; of a kept one: the op of the restore. */
  of: z.string(),
  /** The database that it belongs into. */
  for: z.number(),
});

export type Tag = z.infer<typeof tagSchema>;

export type ServerFacts = {
  readonly info: Readonly<Record<string, string>>;
  readonly version: string;
  readonly major: number;
  /** Keys by number of those databases that have any and are the app's; ours among them are counted too. */
  readonly used: ReadonlyMap<number, number>;
  /** Databases that are ours, by number, with their keys without the tag. */
  readonly spares: ReadonlyMap<number, { readonly tag: Tag; readonly keys: number }>;
};

/** Selects database 0 in the end. */
export async function lookAtServer(link: RedisLink): Promise<Result<ServerFacts>> {
  const info = await infoOf(link);
  if (!info.ok) return info;
  const version = info.value["redis_version"] ?? "";
  const used = new Map<number, number>();
  const spares = new Map<number, { readonly tag: Tag; readonly keys: number }>();
  for (const [name, text] of Object.entries(info.value)) {
    const db = /^db(\d+)$/.exec(name)?.[1];
    if (db === undefined) continue;
    const keys = Number(/keys=(\d+)/.exec(text)?.[1] ?? 0);
    const said = await askAll(link, [
      ["SELECT", db],
      ["GET", TAG],
    ]);
    if (!said.ok) return said;
    const tag = readTag(textOf(said.value[1]));
    if (tag === null) used.set(Number(db), keys);
    else spares.set(Number(db), { tag, keys: keys - 1 });
  }
  const home = await askOne(link, "SELECT", "0");
  if (!home.ok) return home;
  return ok({ info: info.value, version, major: Number.parseInt(version, 10), used, spares });
}

function readTag(text: string): Tag | null {
  const tag = tagSchema.safeParse(parseJson(text));
  return tag.success ? tag.data : null;
}

export function numberIn(facts: ServerFacts, name: string): number {
  return Number(facts.info[name] ?? 0);
}

/** Where the way that restores go is closed, the refusal says what to do instead. */
export async function passServer(link: RedisLink, facts: ServerFacts): Promise<Result<void>> {
  if (facts.info["loading"] === "1" || facts.info["async_loading"] === "1")
    return problem(
      "busy",
      "Redis still reads its data from the disk",
      "wait until it is done, then run again",
    );
  if (facts.info["cluster_enabled"] === "1" || facts.info["redis_mode"] === "cluster")
    return problem(
      "refused",
      "this Redis is part of a cluster, which has one database alone: nothing can be exchanged beside the live data",
      "restore the nodes from their own RDB files, one after the other: see docs/guides/redis.md",
    );
  if (facts.info["role"] === "slave")
    return problem(
      "refused",
      `this Redis is a replica of ${facts.info["master_host"] ?? "another one"}`,
      "name the primary in redis: url; its replicas follow by themselves",
    );
  const modules = await link.ask([["MODULE", "LIST"]]);
  if (!modules.ok) return modules;
  const [list] = modules.value;
  if (Array.isArray(list) && list.length > 0)
    return problem(
      "refused",
      `this Redis has ${list.length} modules loaded, whose indexes are not in its keys`,
      "restore it by its own RDB file, with the same modules: see docs/guides/redis.md",
    );
  return ok(undefined);
}

/** A connection whose last word was one of these looked on, or has just come. */
const looksOn = new Set(
  "ping hello auth info client config command slowlog latency memory select NULL monitor role dbsize acl module".split(
    " ",
  ),
);

/** `busy` with who it is: a client that may write what nobody would find again where it expects it. */
export async function nobodyWrites(link: RedisLink): Promise<Result<void>> {
  const reply = await askOne(link, "CLIENT", "LIST");
  if (!reply.ok) return reply;
  const others = textOf(reply.value)
    .split("\n")
    .map((line) => Object.fromEntries(line.split(" ").map((word) => splitAt(word))))
    .filter(
      (one) => one["id"] !== undefined && one["name"] !== "lastgood" && /^[^SM]*$/.test(one["flags"] ?? ""),
    )
    .filter((one) => !looksOn.has((one["cmd"] ?? "").split("|")[0] ?? ""));
  const [first] = others;
  if (first === undefined) return ok(undefined);
  const name = first["name"] ? ` (${first["name"]})` : "";
  return problem(
    "busy",
    `${others.length} clients are connected: ${first["addr"]}${name} did ${first["cmd"]} last`,
    "stop what uses this Redis, or let it stay: redis: clients: stay",
  );
}

function splitAt(word: string): readonly [string, string] {
  const at = word.indexOf("=");
  return [word.slice(0, at), word.slice(at + 1)];
}
