import { expect, test } from "vitest";
import { describeWith } from "../../../parts/needs.ts";
import { connected, good, op, storeBed } from "./bed.ts";

const withRedis = await describeWith("redis");

withRedis("clients that stay connected during a restore", () => {
  test("get no error and no wrong answer, and what was acknowledged before is in what is kept", async () => {
    const { redis, again } = await storeBed();
    const { database } = again("stay");
    const link = await connected(redis.port);
    good(await link.ask([["SET", "count", "1000000"]]));
    const { id } = good(await database.backUp(op("one"), "nightly"));
    good(await link.ask([["SET", "count", "0"]]));

    const seen: unknown[] = [];
    let on = true;
    const load = (async () => {
      while (on) seen.push(good(await link.ask([["INCR", "count"]]))[0]);
    })();
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBeGreaterThan(100);
    const { kept } = good(await database.restore(op("back"), id));
    const after = seen.length;
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBeGreaterThan(after + 100);
    on = false;
    await load;

    const turn = seen.indexOf(1_000_001);
    expect(turn).toBeGreaterThan(100);
    expect(seen).toEqual(seen.map((_, at) => (at < turn ? at + 1 : 1_000_001 + at - turn)));
    good(await database.restore(op("undo"), kept));
    expect(await redis.cli("GET", "count"), "the last one that was acknowledged before").toBe(String(turn));
  }, 60_000);

  test("and whoever blocks on a queue gets what the restore brought into it", async () => {
    const { redis, again } = await storeBed();
    const { database } = again("stay");
    await redis.cli("RPUSH", "queue", "job");
    const { id } = good(await database.backUp(op("one"), "nightly"));
    await redis.cli("DEL", "queue");
    const worker = await connected(redis.port);
    const waiting = worker.ask([["BLPOP", "queue", "0"]]);
    await expect.poll(() => redis.cli("INFO", "clients"), { timeout: 20_000 }).toContain("blocked_clients:1");
    good(await database.restore(op("back"), id));
    const [found] = good(await waiting);
    expect(String(found)).toBe("queue,job");
  }, 60_000);
});
