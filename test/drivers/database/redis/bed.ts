// A real Redis, and the store over it as the product makes it.
import { join } from "node:path";
import { ok, type Result } from "../../../../src/core/result.ts";
import { secret } from "../../../../src/core/secret.ts";
import { type RedisStoreDeps, redisStore } from "../../../../src/drivers/database/redis/redis.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { localFiles } from "../../../../src/os/files.ts";
import { randomIds } from "../../../../src/os/ids.ts";
import { localProcesses } from "../../../../src/os/processes.ts";
import { redisDial } from "../../../../src/os/redis-link.ts";
import type { Op } from "../../../../src/ports/op.ts";
import type { RedisLink } from "../../../../src/ports/redis-link.ts";
import { afterTest, bedFolder, type Later } from "../../../parts/bed.ts";
import { type RedisBed, type RedisWish, redisBed } from "../../../parts/redis.ts";

export type StoreBed = {
  readonly redis: RedisBed;
  readonly backupDir: string;
  readonly store: ReturnType<typeof redisStore>;
  again(clients?: "refuse" | "stay", server?: string): ReturnType<typeof redisStore>;
};

/** Without the pause that a server makes for further replicas. */
const quick = ["repl-diskless-sync-delay 0"];

export async function storeBed(wish: RedisWish = {}, later: Later = afterTest): Promise<StoreBed> {
  const redis = await redisBed({ ...wish, lines: [...quick, ...(wish.lines ?? [])] }, later);
  const backupDir = join(await bedFolder("store", later), "backups");
  const deps = storeDeps(redis.port, wish.password ?? null);
  const again = (clients: "refuse" | "stay" = "refuse", server = "redis-server") =>
    redisStore({ backupDir, keep: 20, clients, server }, deps);
  return { redis, backupDir, store: again(), again };
}

export function storeDeps(port: number, password: string | null): RedisStoreDeps {
  return {
    files: localFiles(),
    clock: systemClock(),
    ids: randomIds(),
    processes: localProcesses(),
    env: { PATH: process.env["PATH"] ?? "" },
    dial: redisDial(),
    reach: async () =>
      ok({
        address: { host: "127.0.0.1", port, tls: null },
        user: null,
        password: password === null ? null : secret(password),
      }),
  };
}

/** A connection of the app's own. */
export async function connected(
  port: number,
  password: string | null = null,
  later: Later = afterTest,
): Promise<RedisLink> {
  const deps = storeDeps(port, password);
  let link = await deps.dial.connect(good(await deps.reach()));
  while (!link.ok && link.error.code === "busy") link = await deps.dial.connect(good(await deps.reach()));
  return ended(good(link), later);
}

function ended(link: RedisLink, later: Later): RedisLink {
  later(async () => link.close());
  return link;
}

export function op(id: string, epoch = 1): Op {
  return { id, epoch, signal: new AbortController().signal };
}

export function good<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.what} (${result.error.next})`);
  return result.value;
}
