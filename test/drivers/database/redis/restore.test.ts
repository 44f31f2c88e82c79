import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { redisStore } from "../../../../src/drivers/database/redis/redis.ts";
import { describeWith } from "../../../parts/needs.ts";
import { redisBed } from "../../../parts/redis.ts";
import { connected, good, op, storeBed, storeDeps } from "./bed.ts";
import { readEveryType, writeEveryType } from "./every-type.ts";

const withRedis = await describeWith("redis");
const many = 2_100;

withRedis("a restore of Redis", () => {
  test.each(["no", "yes"])(
    "brings every type, its times to live and two databases back, and takes it back again (password, AOF %s)",
    async (aof) => {
      const wish = { password: "s3cret", lines: [`appendonly ${aof}`, "aof-use-rdb-preamble yes"] };
      const { redis, store, backupDir } = await storeBed(wish);
      const link = await connected(redis.port, "s3cret");
      await writeEveryType(link);
      const then = await readEveryType(link);
      const { database } = store;
      const taken = good(await database.backUp(op("one"), "nightly"));
      expect(taken.rows).toEqual({ db0: 16, db3: 2 });

      await redis.cli("FLUSHDB");
      await redis.cli("SET", "text", "other");
      await redis.cli("-n", "3", "DEL", "queue");
      await redis.cli("-n", "5", "SET", "new", "key");
      const now = await readEveryType(link);
      expect(now).not.toEqual(then);
      const { written, gaps } = good(await store.care.since(taken.id));
      expect(written.map(({ table, what }) => `${table}: ${what}`).sort()).toEqual([
        "db0: 16 keys then, 1 now",
        "db3: 2 keys then, 1 now",
        "db5: 0 keys then, 1 now",
      ]);
      expect(gaps.join()).toMatch(/2 keys of the snapshot had a time to live/);

      good((await database.prepare?.(op("look"), taken.id)) ?? { ok: true as const, value: undefined });
      expect(await readEveryType(link), "prepared beside, and nothing changed").toEqual(now);
      const { kept } = good(await database.restore(op("back"), taken.id));
      expect(await readEveryType(link)).toEqual(then);
      if (aof === "yes") {
        expect(await readAgain(redis.folder, "s3cret")).toEqual(then);
      }

      good(await database.restore(op("undo"), kept));
      expect(await readEveryType(link)).toEqual(now);
      expect(await redis.cli("INFO", "keyspace"), "nothing of ours is left beside").not.toMatch(
        /db(6|7|8|9|1\d):/,
      );
      expect(await readFile(join(backupDir, `${taken.id}.json`), "utf8")).not.toContain("s3cret");
    },
    60_000,
  );

  test("what is too much to be written down at once waits in the server, goes back from there, or into a file later", async () => {
    const { redis, store } = await storeBed();
    const { database } = store;
    await redis.cli("SET", "few", "1");
    const taken = good(await database.backUp(op("one"), "nightly"));
    await redis.cli("EVAL", `for i = 1, ${many} do redis.call('SET', 'k' .. i, i) end`, "0");
    const { kept } = good(await database.restore(op("back"), taken.id));
    expect(await redis.cli("INFO", "keyspace")).toMatch(new RegExp(`db15:keys=${many + 2}`));
    const listed = good(await database.backups()).find(({ id }) => id === kept);
    expect(listed).toMatchObject({ rows: { db0: many + 1 }, bytes: 0 });
    good(await database.restore(op("undo"), kept));
    expect(await redis.cli("GET", `k${many}`)).toBe(String(many));
    // The next act writes down what lies beside.
    good(await database.backUp(op("two"), "nightly"));
    const after = good(await database.backups()).find(({ id }) => id === "before-undo");
    expect(after).toMatchObject({ rows: { db0: 1 } });
    expect(after?.bytes).toBeGreaterThan(0);
    expect(await redis.cli("INFO", "keyspace")).not.toMatch(/db1\d:/);
  }, 60_000);

  test("what lay in the server and was emptied there is not put back as nothing", async () => {
    const { redis, store } = await storeBed();
    const { database } = store;
    await redis.cli("SET", "few", "1");
    const taken = good(await database.backUp(op("one"), "nightly"));
    await redis.cli("EVAL", `for i = 1, ${many} do redis.call('SET', 'k' .. i, i) end`, "0");
    const { kept } = good(await database.restore(op("back"), taken.id));
    await redis.cli("-n", "15", "FLUSHDB");
    const undone = await database.restore(op("undo"), kept);
    expect(undone).toMatchObject({ ok: false, error: { code: "missing" } });
    expect(await redis.cli("GET", "few")).toBe("1");
  }, 60_000);

  test("keys run out at their moment, also while they are kept", async () => {
    const { redis, store } = await storeBed();
    await redis.cli("SET", "short", "1", "PX", "400");
    await redis.cli("SET", "long", "1");
    const taken = good(await store.database.backUp(op("one"), "nightly"));
    await expect.poll(() => redis.cli("EXISTS", "short"), { timeout: 10_000 }).toBe("0");
    good(await store.database.rehearse(taken.id));
    good(await store.database.restore(op("back"), taken.id));
    expect(await redis.cli("MGET", "short", "long")).toBe("\n1");
  }, 60_000);

  test("a manifest that can't be read takes no snapshot with it: it is said, and mended it is there again", async () => {
    const { redis, store, backupDir } = await storeBed();
    await redis.cli("SET", "a", "1");
    const { id } = good(await store.database.backUp(op("one"), "nightly"));
    const manifest = join(backupDir, `${id}.json`);
    const text = await readFile(manifest, "utf8");
    await writeFile(manifest, text.slice(0, -20));
    const other = good(await store.database.backUp(op("two"), "nightly"));
    expect(good(await store.database.backups()).map((one) => one.id)).toEqual([other.id]);
    expect(await store.database.restore(op("back"), id)).toMatchObject({ error: { code: "damaged" } });
    await writeFile(manifest, text);
    expect(good(await store.database.backups()).map((one) => one.id)).toEqual([other.id, id]);
    good(await store.care.verify(id));
  }, 60_000);

  test("a snapshot that lost bytes, or had one changed, is refused, and the live data stay", async () => {
    const { redis, store, backupDir } = await storeBed();
    await redis.cli(
      "EVAL",
      "for i = 1, 500 do redis.call('SET', 'k' .. i, string.rep('v', 50) .. i) end",
      "0",
    );
    const { id } = good(await store.database.backUp(op("one"), "nightly"));
    const path = join(backupDir, `${id}.rdb`);
    const whole = await readFile(path);
    const flipped = Buffer.from(whole);
    const middle = Math.floor(whole.length / 2);
    flipped[middle] = (flipped[middle] ?? 0) ^ 1;
    for (const broken of [whole.subarray(0, whole.length / 2), flipped]) {
      await writeFile(path, broken);
      for (const refused of [
        await store.care.verify(id),
        await store.database.rehearse(id),
        await store.database.restore(op("back"), id),
      ])
        expect(refused).toMatchObject({ ok: false, error: { code: "damaged" } });
      // Taken in from elsewhere, nobody wrote its digest down: Redis itself finds out.
      const elsewhere = join(redis.folder, "elsewhere.rdb");
      await writeFile(elsewhere, broken);
      const taken = await store.care.intake(op(`intake${broken.length}`), elsewhere);
      expect(taken).toMatchObject({ ok: false, error: { code: "damaged" } });
    }
    expect(await redis.cli("DBSIZE")).toBe("501");
    expect(good(await store.database.marker())).toBeNull();
  }, 60_000);

  test("another store is refused; an empty one takes it, and a file from elsewhere goes anywhere", async () => {
    const [one, other] = [await storeBed(), await redisBed()];
    await one.redis.cli("SET", "a", "1");
    const taken = good(await one.store.database.backUp(op("one"), "nightly"));
    const config = { backupDir: one.backupDir, keep: 20, clients: "refuse", server: "redis-server" } as const;
    const onOther = redisStore(config, storeDeps(other.port, null));
    await other.cli("SET", "lastgood:store", "somebody");
    const refused = await onOther.database.restore(op("back"), taken.id);
    expect(refused).toMatchObject({ ok: false, error: { code: "refused" } });
    const file = good(await onOther.care.intake(op("in"), join(one.backupDir, `${taken.id}.rdb`)));
    good(await onOther.database.restore(op("file"), file.id));
    expect(await other.cli("GET", "a")).toBe("1");
    await other.cli("FLUSHALL");
    good(await onOther.database.restore(op("empty"), taken.id));
    expect(await other.cli("GET", "a")).toBe("1");
  }, 60_000);
});

/** A server on the same append-only files, as after a restart. */
async function readAgain(folder: string, password: string): Promise<readonly string[]> {
  const { cp } = await import("node:fs/promises");
  const copy = await redisBed({ password });
  await copy.stop();
  await cp(join(folder, "appendonlydir"), join(copy.folder, "again", "appendonlydir"), { recursive: true });
  const again = await redisBed({ password, lines: [`dir ${join(copy.folder, "again")}`, "appendonly yes"] });
  return readEveryType(await connected(again.port, password));
}
