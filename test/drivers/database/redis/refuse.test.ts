import { execFile } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Result } from "../../../../src/core/result.ts";
import { afterTest, bedFolder } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { connected, good, op, storeBed } from "./bed.ts";

const withRedis = await describeWith("redis");

const refusedWith = (result: Result<unknown>) =>
  result.ok ? "done" : `${result.error.code}: ${result.error.what}`;

withRedis("where the way back of Redis is closed, the refusal says what to do", () => {
  test.each([
    ["a cluster", ["cluster-enabled yes"], /^refused: this Redis is part of a cluster/],
    ["too few databases", ["databases 1"], /^refused: this Redis has 1 numbered databases, 1 in use/],
    [
      "a full memory",
      ["maxmemory 3mb", "maxmemory-policy allkeys-lru"],
      /^no-space: Redis uses .* more than its maxmemory/,
    ],
  ] as const)(
    "%s",
    async (_name, lines, words) => {
      const { redis, store } = await storeBed({ lines });
      const link = await connected(redis.port);
      if (lines[0] === "cluster-enabled yes")
        good(await link.ask([["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]]));
      await expect.poll(() => redis.cli("SET", "a", "1"), { timeout: 20_000 }).toBe("OK");
      // Enough that it is not there twice.
      if (lines[0] === "maxmemory 3mb") good(await link.ask([["SETRANGE", "big", "1400000", "x"]]));
      const { id } = good(await store.database.backUp(op("one"), "nightly"));
      expect(refusedWith(await store.database.restore(op("back"), id))).toMatch(words);
      expect(await redis.cli("GET", "a")).toBe("1");
      expect(good(await store.database.marker())).toBeNull();
    },
    60_000,
  );

  test("a replica gives snapshots, and takes none", async () => {
    const [primary, replica] = [await storeBed(), await storeBed()];
    await primary.redis.cli("SET", "a", "1");
    await replica.redis.cli("REPLICAOF", "127.0.0.1", String(primary.redis.port));
    await expect.poll(() => replica.redis.cli("GET", "a"), { timeout: 20_000 }).toBe("1");
    const { id } = good(await replica.store.database.backUp(op("one"), "nightly"));
    expect(refusedWith(await replica.store.database.restore(op("back"), id))).toMatch(
      /^refused: this Redis is a replica of/,
    );
  }, 60_000);

  test("a user who may not read as a replica is told which right is missing", async () => {
    const { redis, again } = await storeBed({ password: "secret" });
    await redis.cli("ACL", "SETUSER", "default", "-sync", "-psync");
    const made = await again().database.backUp(op("one"), "nightly");
    expect(made).toMatchObject({
      ok: false,
      error: { code: "failed", next: expect.stringContaining("+sync") },
    });
    expect(good(await again().database.backups())).toEqual([]);
  }, 60_000);

  // What Redis 6.0 says of settings that came later, and allows without them; the rest is the real server.
  test("a redis-server that does not know newer settings proves snapshots too, and none outlives it", async () => {
    const { redis, again, backupDir } = await storeBed();
    await redis.cli("SET", "a", "1");
    const older = join(await bedFolder("older", afterTest), "redis-server");
    const script = `#!/bin/sh
bad=$(grep -E "^(set-proc-title|enable-debug-command) " "$1" | head -n 1)
if [ -n "$bad" ]; then printf "FATAL CONFIG FILE ERROR\n>>> '%s'\nBad directive\n" "$bad"; exit 1; fi
exec redis-server "$1" --enable-debug-command yes
`;
    await writeFile(older, script, { mode: 0o755 });
    const { database } = again("refuse", older);
    const { id } = good(await database.backUp(op("one"), "nightly"));
    good(await database.rehearse(id));
    expect((await readdir(backupDir)).filter((name) => name.startsWith("scratch-"))).toEqual([]);
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    expect(stdout).not.toContain(backupDir);
  }, 60_000);

  test("replicas of the store follow a restore", async () => {
    const [primary, replica] = [await storeBed(), await storeBed()];
    await primary.redis.cli("SET", "a", "then");
    await replica.redis.cli("REPLICAOF", "127.0.0.1", String(primary.redis.port));
    await expect.poll(() => replica.redis.cli("GET", "a"), { timeout: 20_000 }).toBe("then");
    const { id } = good(await primary.store.database.backUp(op("one"), "nightly"));
    await primary.redis.cli("SET", "a", "now");
    good(await primary.store.database.restore(op("back"), id));
    await expect.poll(() => replica.redis.cli("GET", "a"), { timeout: 20_000 }).toBe("then");
  }, 60_000);
});
