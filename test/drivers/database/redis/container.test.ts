import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { thisMachine } from "../../../../src/compose/machine.ts";
import { storesOf } from "../../../../src/compose/redis.ts";
import { environmentSection } from "../../../../src/config/sections/environment.ts";
import type { Result } from "../../../../src/core/result.ts";
import type { Backup } from "../../../../src/ports/database.ts";
import { afterTest, bedFolder } from "../../../parts/bed.ts";
import { docker } from "../../../parts/docker.ts";
import { describeWith } from "../../../parts/needs.ts";

const withBoth = await describeWith("docker", "redis");
const services = {
  web: {
    runtime: "process",
    source: "versions/{version}",
    command: ["{node}", "server.mjs"],
    health: { path: "/health" },
  },
};
const traffic = { kind: "proxy", listen: "127.0.0.1:8080" };

withBoth("a Redis in a container that publishes no port", () => {
  test("is reached at its address, backed up, and restored", { timeout: 180_000 }, async () => {
    const bed = await docker();
    const container = `${bed.project}-redis`;
    await bed.docker([
      "run",
      "--detach",
      "--name",
      container,
      "redis:7",
      "redis-server",
      "--requirepass",
      "secret",
    ]);
    const cli = (...words: string[]) =>
      bed.docker(["exec", "--env", "REDISCLI_AUTH=secret", container, "redis-cli", ...words]);
    await expect.poll(() => cli("PING").catch(() => ""), { timeout: 60_000 }).toContain("PONG");
    const folder = await bedFolder("compose-redis", afterTest);
    const envFile = join(folder, ".env");
    await writeFile(envFile, "REDIS_URL=redis://:secret@redis:6379\n");

    const section = environmentSection.parse({ services, traffic, redis: { envFile, container } });
    const places = {
      runtime: folder,
      edge: folder,
      backups: join(folder, "backups"),
      migrations: folder,
      socketDir: folder,
    };
    const { redis } = storesOf(section, places, { ...thisMachine(), host: bed.host }).stores;
    const op = (id: string) => ({ id, epoch: 1, signal: new AbortController().signal });
    await cli("SET", "a", "then");
    const taken = good(await redis?.backUp(op("one"), "nightly"));
    expect(taken).toMatchObject({ id: "redis-nightly-one", rows: { db0: 1 } });
    await cli("SET", "a", "now");
    expect(good(await redis?.restore(op("back"), taken.id))).toEqual({ kept: "redis-before-back" });
    expect(await cli("GET", "a")).toContain("then");
    const listed: readonly Backup[] = good(await redis?.backups());
    expect(listed.map(({ id }) => id)).toEqual(["redis-before-back", "redis-nightly-one"]);

    await bed.docker(["stop", container]);
    expect(await redis?.backUp(op("two"), "nightly")).toMatchObject({
      ok: false,
      error: { code: "unreachable" },
    });
  });
});

function good<T>(result: Result<T> | undefined): T {
  if (!result?.ok) throw new Error(result?.error.what ?? "there is no store");
  return result.value;
}
