// A value of every type that Redis has, and how they are read back by Redis's own commands.
import type { RedisLink, RedisReply } from "../../../../src/ports/redis-link.ts";
import { good } from "./bed.ts";

/** Far away, so that it does not run out in a test. */
const UNTIL = "4102444800000";

export async function writeEveryType(link: RedisLink): Promise<void> {
  const commands = [
    ["SELECT", "0"],
    ["SET", "text", 'it\'s "so"\r\nand so'],
    ["SET", "number", "42"],
    ["SETBIT", "bits", "1000", "1"],
    ["HSET", "small:hash", "a", "1", "b", "2"],
    ["RPUSH", "list", "one", "two", "three"],
    ["SADD", "numbers", "3", "1", "2"],
    ["SADD", "words", "red", "green"],
    ["ZADD", "ranks", "1.5", "ann", "-2", "bob"],
    ["PFADD", "visitors", "a", "b", "c"],
    ["GEOADD", "places", "13.36", "38.11", "palermo"],
    ["XADD", "stream", "1-1", "event", "paid"],
    ["XADD", "stream", "2-1", "event", "sent"],
    ["XGROUP", "CREATE", "stream", "workers", "0"],
    ["XREADGROUP", "GROUP", "workers", "w1", "COUNT", "1", "STREAMS", "stream", ">"],
    ["SET", "session:1", "ann"],
    ["PEXPIREAT", "session:1", UNTIL],
    ["HSET", "cart:1", "pen", "2"],
    ["PEXPIREAT", "cart:1", UNTIL],
    ["EVAL", "for i = 1, 2000 do redis.call('HSET', 'big:hash', 'f' .. i, 'v' .. i) end", "0"],
    ["EVAL", "for i = 1, 2000 do redis.call('ZADD', 'big:ranks', i, 'm' .. i) end", "0"],
    ["EVAL", "for i = 1, 2000 do redis.call('RPUSH', 'big:list', string.rep('x', 20) .. i) end", "0"],
    ["SELECT", "3"],
    ["SET", "in:three", "yes"],
    ["RPUSH", "queue", "job1", "job2"],
    ["SELECT", "0"],
  ];
  const refused = JSON.stringify(good(await link.ask(commands)).map(shown));
  if (refused.includes("refused")) throw new Error(refused);
}

/** All that can be asked about them, in an order of its own. */
export async function readEveryType(link: RedisLink): Promise<readonly string[]> {
  const asked = [
    ["SELECT", "0"],
    ["GET", "text"],
    ["GET", "number"],
    ["BITCOUNT", "bits"],
    ["HMGET", "small:hash", "a", "b"],
    ["LRANGE", "list", "0", "-1"],
    ["SORT", "numbers"],
    ["SORT", "words", "ALPHA"],
    ["ZRANGE", "ranks", "0", "-1", "WITHSCORES"],
    ["PFCOUNT", "visitors"],
    ["GEOPOS", "places", "palermo"],
    ["XRANGE", "stream", "-", "+"],
    ["XPENDING", "stream", "workers"],
    ["GET", "session:1"],
    ["PEXPIRETIME", "session:1"],
    ["HGETALL", "cart:1"],
    ["PEXPIRETIME", "cart:1"],
    ["PEXPIRETIME", "list"],
    ["EVAL", "return redis.sha1hex(table.concat(redis.call('LRANGE', 'big:list', 0, -1)))", "0"],
    ["EVAL", "return redis.sha1hex(table.concat(redis.call('ZRANGE', 'big:ranks', 0, -1)))", "0"],
    ["HLEN", "big:hash"],
    ["HGET", "big:hash", "f1999"],
    ["EVAL", "local k = redis.call('KEYS', '[^l]*') return #k", "0"],
    ["SELECT", "3"],
    ["GET", "in:three"],
    ["LRANGE", "queue", "0", "-1"],
    ["DBSIZE"],
    ["SELECT", "5"],
    ["DBSIZE"],
    ["SELECT", "0"],
  ];
  const answers = good(await link.ask(asked));
  return asked.map((command, at) => `${command.join(" ")}: ${JSON.stringify(shown(answers[at] ?? null))}`);
}

function shown(reply: RedisReply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString("utf8");
  return Array.isArray(reply) ? (reply as readonly RedisReply[]).map(shown) : reply;
}
