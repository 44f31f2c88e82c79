// One database of a Redis into one of another, key by key, each with Redis's own checksum.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { RedisLink } from "../../../ports/redis-link.ts";
import { scan } from "./content.ts";
import { ours } from "./context.ts";
import { askAll, askOne, refusalOf } from "./say.ts";

/** Keys of one piece, to begin with: what they weigh is not known before. */
const FIRST_PIECE = 32;
const MOST_KEYS = 1_000;
/** A piece heavier than that is followed by a smaller one: between two of them the server serves its clients. */
const HEAVY_BYTES = 1024 * 1024;

export type Side = { readonly link: RedisLink; readonly db: number; readonly major: number };

/** What the target has must be ours alone. Returns how many keys it has then, without ours. */
export async function copyDatabase(
  from: Side,
  to: Side,
  signal: AbortSignal,
): Promise<Result<{ readonly keys: number }>> {
  for (const { link, db } of [from, to]) {
    const selected = await askOne(link, "SELECT", String(db));
    if (!selected.ok) return selected;
  }
  let piece = FIRST_PIECE;
  const copied = await scan(from.link, async (keys) => {
    for (let at = 0; at < keys.length; ) {
      if (signal.aborted) return problem("cancelled", "called off while keys were copied", "run again");
      const done = await copyKeys(from, to, keys.slice(at, at + piece));
      if (!done.ok) return done;
      at += piece;
      piece = done.value > HEAVY_BYTES ? Math.max(1, piece >> 2) : Math.min(MOST_KEYS, piece * 2);
    }
    return ok(undefined);
  });
  if (!copied.ok) return copied;
  const size = await askAll(to.link, [["DBSIZE"], ["EXISTS", ...ours]]);
  if (!size.ok) return size;
  return ok({ keys: Number(size.value[0]) - Number(size.value[1]) });
}

/** Returns how many bytes they were. */
async function copyKeys(from: Side, to: Side, keys: readonly Buffer[]): Promise<Result<number>> {
  const absolute = from.major >= 7;
  const read = await askAll(
    from.link,
    keys.flatMap((key) => [
      ["DUMP", key],
      [absolute ? "PEXPIRETIME" : "PTTL", key],
    ]),
  );
  if (!read.ok) return read;
  let bytes = 0;
  const commands: (readonly (string | Buffer)[])[] = [];
  for (const [at, key] of keys.entries()) {
    const value = read.value[2 * at];
    const until = Number(read.value[2 * at + 1]);
    // It ran out since it was scanned.
    if (!Buffer.isBuffer(value) || until === -2) continue;
    bytes += value.length;
    const ttl = String(Math.max(0, until));
    commands.push(["RESTORE", key, ttl, value, "REPLACE", ...(absolute && until >= 0 ? ["ABSTTL"] : [])]);
  }
  const written = await to.link.ask(commands);
  if (!written.ok) return written;
  const refused = written.value.map(refusalOf).find((said) => said !== null);
  return refused === undefined ? ok(bytes) : notTaken(refused ?? "");
}

function notTaken(said: string): Result<never> {
  if (/version or checksum/.test(said))
    return problem(
      "failed",
      "the redis-server that this was loaded with is newer than the store, which does not read its values",
      "name one of the store's own version in redis: server",
    );
  if (/^OOM\b/.test(said))
    return problem("no-space", `Redis has no memory left: ${said}`, "raise its maxmemory, then run again");
  return problem("failed", `Redis refused RESTORE: ${said}`, "look at the server's log, then run again");
}
