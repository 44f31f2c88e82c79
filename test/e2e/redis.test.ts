// A shop that keeps its queue in Redis: snapshots with deploys and by hand, and a way back, as people type them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { laterOn } from "../parts/bed.ts";
import { describeWith } from "../parts/needs.ts";
import { type RedisBed, redisBed } from "../parts/redis.ts";
import { type Bed, makeBed } from "./bed.ts";

const limitMs = 240_000;
const password = "pa55word";
const withRedis = await describeWith("redis");

withRedis("a shop with Redis beside its database", () => {
  const { later, end } = laterOn();
  let bed: Bed;
  let redis: RedisBed;

  beforeAll(async () => {
    redis = await redisBed({ password, lines: ["repl-diskless-sync-delay 0"] }, later);
    bed = await makeBed({ extra: "    redis: { envFile: .env }" });
    later(() => bed.close());
    writeFileSync(join(bed.folder, ".env"), `REDIS_URL=redis://:${password}@127.0.0.1:${redis.port}\n`);
  }, limitMs);
  afterAll(end, limitMs);

  async function works(...words: string[]): Promise<Record<string, unknown>> {
    const said = await bed.lastgood(...words, "--json");
    expect(said.exit, `${words.join(" ")}: ${said.out}${said.err}`).toBe(0);
    expect(said.out + said.err).not.toContain(password);
    return said.json();
  }

  test(
    "a deploy takes a snapshot; a restore shows its cost, happens, and is taken back; its ids say whose they are",
    async () => {
      await redis.cli("RPUSH", "queue", "job1", "job2");
      await works("deploy", "v1", "--yes", "--no-wait");
      const { backups } = (await works("backup", "list")) as { backups: { id: string; rows: number }[] };
      const before = backups.filter(({ id }) => id.startsWith("redis-before-"));
      expect(before).toMatchObject([{ store: "redis", kind: "backup", rows: 1 }]);
      const id = before[0]?.id ?? "";

      await redis.cli("DEL", "queue");
      await redis.cli("MSET", "a", "1", "b", "2");
      const plan = await works("restore", id, "--plan");
      expect(plan["database"]).toBe("redis");
      expect((plan["about"] as string[]).join("\n")).toContain("db0: 1 keys then, 2 now");
      expect(await redis.cli("EXISTS", "queue")).toBe("0");

      const done = await works("restore", id, "--yes");
      expect(done["what"]).toBe(`${id} is redis now; v1 serves on it.`);
      expect(await redis.cli("LRANGE", "queue", "0", "-1")).toBe("job1\njob2");
      expect(String(done["kept"])).toMatch(/^redis-before-/);
      expect((await fetch(`${bed.url}/products`)).status).toBe(200);

      await works("restore", "--undo", "--yes");
      expect(await redis.cli("MGET", "queue", "a", "b")).toBe("\n1\n2");
    },
    limitMs,
  );

  test(
    "backup now takes both, verify and drill prove one by its id, and the database's own drills are not touched by it",
    async () => {
      const taken = await works("backup", "now");
      const [own] = taken["stores"] as { backup: { id: string } }[];
      const id = own?.backup.id ?? "";
      expect(id).toMatch(/^redis-by-hand-/);
      expect(taken["what"]).toMatch(/ rows\. redis-by-hand-.* keys\.$/);
      expect(await works("backup", "verify", id)).toMatchObject({ outcome: "done", problem: null });
      expect(await works("drill", id)).toMatchObject({ outcome: "done", backup: id });
      expect(await works("backup", "show", id)).toMatchObject({ backup: { byTable: { db0: 2 } } });
      const { takesMs } = await works("restore", "--plan");
      expect(takesMs, "the database was never drilled").toBeNull();
    },
    limitMs,
  );

  test(
    "a deploy whose snapshot fails is refused, and what served goes on",
    async () => {
      await redis.stop();
      const said = await bed.lastgood("deploy", "v2", "--yes", "--no-wait", "--json");
      expect(said.exit).not.toBe(0);
      expect(said.out).toMatch(/Redis at .* cannot be asked/);
      expect((await fetch(`${bed.url}/products`)).status).toBe(200);
    },
    limitMs,
  );
});
