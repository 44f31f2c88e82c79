// What is in a Redis, told so that two can be compared: keys and a digest by database. Asked of our scratch server only.
import { createHash } from "node:crypto";
import { z } from "zod";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { RedisLink, RedisReply } from "../../../ports/redis-link.ts";
import { ours } from "./context.ts";
import { askAll, askOne, textOf } from "./say.ts";
import { lookAtServer, type ServerFacts } from "./server.ts";

const DIGEST_BYTES = 32;
const SCAN_COUNT = "1000";
/** Of a dictionary that is just growing, a scan may tell a key twice. */
const TRIES = 3;

export const databaseContent = z.object({
  /** Keys without ours. */
  keys: z.int().nonnegative(),
  /** Of these, keys with a time to live: they go on running out while they are kept. */
  expiring: z.int().nonnegative(),
  /** Of the keys that stay, whatever their order: names and values. */
  lasting: z.string(),
  /** Of all keys, with the moments at which they run out. */
  all: z.string(),
});

export type DatabaseContent = z.infer<typeof databaseContent>;
/** By number of the database. Those without keys are left out. */
export type Content = Readonly<Record<string, DatabaseContent>>;

export async function contentOf(scratch: RedisLink): Promise<Result<Content>> {
  const facts = await lookAtServer(scratch);
  if (!facts.ok) return facts;
  const content: Record<string, DatabaseContent> = {};
  for (const db of facts.value.used.keys()) {
    const one = await contentIn(scratch, db, facts.value);
    if (!one.ok) return one;
    if (one.value.keys > 0) content[String(db)] = one.value;
  }
  return ok(content);
}

async function contentIn(
  scratch: RedisLink,
  db: number,
  facts: ServerFacts,
): Promise<Result<DatabaseContent>> {
  const selected = await askOne(scratch, "SELECT", String(db));
  if (!selected.ok) return selected;
  for (let tries = 0; tries < TRIES; tries++) {
    const sums = {
      lasting: Buffer.alloc(DIGEST_BYTES),
      all: Buffer.alloc(DIGEST_BYTES),
      keys: 0,
      expiring: 0,
    };
    const scanned = await scan(scratch, async (keys) => addAll(scratch, keys, facts, sums));
    if (!scanned.ok) return scanned;
    const size = await askAll(scratch, [["DBSIZE"], ["EXISTS", ...ours]]);
    if (!size.ok) return size;
    const { keys, expiring, lasting, all } = sums;
    if (keys === Number(size.value[0]) - Number(size.value[1]))
      return ok({ keys, expiring, lasting: lasting.toString("hex"), all: all.toString("hex") });
  }
  return problem(
    "failed",
    `database ${db} of the scratch server could not be read the same twice`,
    "run again",
  );
}

type Sums = { readonly lasting: Buffer; readonly all: Buffer; keys: number; expiring: number };

/** CHANGES `sums`. */
async function addAll(
  link: RedisLink,
  keys: readonly Buffer[],
  { major }: ServerFacts,
  sums: Sums,
): Promise<Result<void>> {
  const expires = major >= 7 ? "PEXPIRETIME" : "PTTL";
  const told = await askAll(link, [["DEBUG", "DIGEST-VALUE", ...keys], ...keys.map((key) => [expires, key])]);
  if (!told.ok) return told;
  const [digests, ...times] = told.value;
  const values: readonly RedisReply[] = Array.isArray(digests) ? digests : [];
  for (const [at, key] of keys.entries()) {
    const until = Number(times[at]);
    // It ran out since it was scanned.
    if (until === -2) continue;
    const value = textOf(values[at]);
    sums.keys++;
    if (until >= 0) sums.expiring++;
    else addTo(sums.lasting, key, value);
    addTo(sums.all, key, `${value} ${major >= 7 ? until : Math.sign(until)}`);
  }
  return ok(undefined);
}

/** Exclusive or: the order of keys is not the same in two servers. CHANGES `sum`. */
function addTo(sum: Buffer, key: Buffer, value: string): void {
  const one = createHash("sha256").update(`${key.length} `).update(key).update(value).digest();
  for (let at = 0; at < DIGEST_BYTES; at++) sum[at] = (sum[at] ?? 0) ^ (one[at] ?? 0);
}

/** All keys of the selected database but ours, in pieces. */
export async function scan(
  link: RedisLink,
  take: (keys: readonly Buffer[]) => Promise<Result<void>>,
): Promise<Result<void>> {
  for (let cursor = "0"; ; ) {
    const reply = await askOne(link, "SCAN", cursor, "COUNT", SCAN_COUNT);
    if (!reply.ok) return reply;
    const [next, found] = Array.isArray(reply.value) ? (reply.value as readonly RedisReply[]) : [];
    const keys = (Array.isArray(found) ? (found as readonly RedisReply[]) : []).filter(
      (key): key is Buffer => Buffer.isBuffer(key) && !ours.includes(key.toString("latin1")),
    );
    if (keys.length > 0) {
      const taken = await take(keys);
      if (!taken.ok) return taken;
    }
    cursor = textOf(next);
    if (cursor === "0" || cursor === "") return ok(undefined);
  }
}

export function rowsOf(content: Content): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(content).map(([db, { keys }]) => [`db${db}`, keys]));
}

/** Why `there` is not what `then` was; null where it is. Keys with a time to live may have run out. */
export function differs(then: Content, there: Content): string | null {
  for (const db of new Set([...Object.keys(then), ...Object.keys(there)])) {
    const [was, is] = [then[db], there[db]];
    const lasting = (one: DatabaseContent | undefined) => (one ? one.keys - one.expiring : 0);
    if (lasting(was) !== lasting(is))
      return `database ${db} has ${lasting(is)} keys without a time to live, and had ${lasting(was)}`;
    if ((is?.expiring ?? 0) > (was?.expiring ?? 0))
      return `database ${db} has ${is?.expiring} keys with a time to live, and had ${was?.expiring ?? 0}`;
    if (was && is && was.lasting !== is.lasting) return `database ${db} has other values`;
  }
  return null;
}
