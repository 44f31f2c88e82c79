// Redis and PostgreSQL, for real: well, refused, gone, and silent.
import { createServer, type Server } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { doctor } from "../../../src/app/doctor.ts";
import { ok } from "../../../src/core/result.ts";
import { secret } from "../../../src/core/secret.ts";
import { postgres } from "../../../src/drivers/checks/postgres.ts";
import { redis } from "../../../src/drivers/checks/redis.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localHost } from "../../../src/os/exec.ts";
import { streamSocket } from "../../../src/os/stream-socket.ts";
import { describeWith } from "../../parts/needs.ts";
import { postgresBed } from "../../parts/postgres.ts";
import { redisBed } from "../../parts/redis.ts";

const host = localHost({ PATH: process.env["PATH"] ?? "" }, systemClock());
const never = new AbortController().signal;
const password = (value: string | null) => async () => ok(value === null ? null : secret(value));

function redisCheck(port: number, value: string | null = null) {
  const deps = { host, socket: streamSocket(), password: password(value) };
  return redis({ host: "127.0.0.1", port, container: null }, deps);
}

/** Takes connections and says nothing, ever. */
async function silent(): Promise<number> {
  const server: Server = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

const withRedis = await describeWith("redis");
withRedis("redis", () => {
  test("one that answers is well, with its clients and its memory", async () => {
    const bed = await redisBed({ lines: [`requirepass "p w'd"`] });
    const looked = await redisCheck(bed.port, "p w'd").look(never);
    expect(looked).toMatchObject({ ok: true, value: [{ is: "well", data: { role: "master" } }] });
  }, 60_000);

  test("a wrong password, or none, is told as such", async () => {
    const bed = await redisBed({ password: "right" });
    for (const value of ["wrong", null]) {
      const looked = await redisCheck(bed.port, value).look(never);
      expect(looked).toMatchObject({
        ok: false,
        error: { code: "failed", what: expect.stringMatching(/WRONGPASS|NOAUTH/) },
      });
    }
  }, 60_000);

  test("one that cannot save to its disk is bad", async () => {
    const bed = await redisBed({ lines: ["dir /sys"] });
    await bed.cli("bgsave").catch(() => undefined);
    const check = redisCheck(bed.port);
    await expect
      .poll(async () => check.look(never), { timeout: 20_000 })
      .toMatchObject({ ok: true, value: [{ is: "bad", what: expect.stringMatching(/cannot save/) }] });
  }, 60_000);

  test("one that is gone is told with its address", async () => {
    const bed = await redisBed();
    await bed.stop();
    const looked = await redisCheck(bed.port).look(never);
    expect(looked).toMatchObject({ ok: false, error: { code: "unreachable" } });
  }, 60_000);
});

test("something else on the port is not taken for a Redis", async () => {
  const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const looked = await redisCheck(port).look(never);
  expect(looked).toMatchObject({ ok: false, error: { what: expect.stringMatching(/not as Redis does/) } });
});

test("a Redis that takes connections and never answers is shown as silent, and the others are not kept waiting", async () => {
  const checks = [redisCheck(await silent())];
  const outcome = await doctor([{ env: "production", checks }], systemClock(), {
    env: null,
    deadlineMs: 100,
  });
  expect(outcome.data["checks"]).toMatchObject([
    { is: "bad", what: "did not answer in 0.1 s", data: { silent: true } },
  ]);
});

const withPostgres = await describeWith("postgres");
withPostgres("postgres", () => {
  const checkOf = (bed: Awaited<ReturnType<typeof postgresBed>>, value: string) =>
    postgres(
      { host: "127.0.0.1", port: bed.port, user: bed.user, database: bed.database, container: null },
      { host, password: password(value) },
    );

  test("connections, locks and open transactions are counted", async () => {
    const bed = await postgresBed();
    const check = checkOf(bed, bed.password);
    expect(await check.look(never)).toMatchObject({
      ok: true,
      value: [{ is: "well", what: expect.stringMatching(/^\d+ of \d+ connections$/) }],
    });
    await bed.psql("create table held (id int)");
    const holder = bed.psql("begin; lock table held; select pg_sleep(20);").catch(() => undefined);
    await expect
      .poll(() => bed.psql("select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted"), {
        timeout: 20_000,
      })
      .toBe("1");
    const waiting = bed.psql("select count(*) from held").catch(() => undefined);
    await expect
      .poll(async () => check.look(never), { timeout: 20_000 })
      .toMatchObject({
        ok: true,
        value: [{ is: "warn", what: expect.stringMatching(/1 wait for locks/), data: { waiting: 1 } }],
      });
    await bed.psql(
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()",
    );
    await Promise.all([holder, waiting]);
  }, 120_000);

  test("a wrong password is told, and never shown", async () => {
    const bed = await postgresBed();
    const looked = await checkOf(bed, "wrong-and-secret").look(never);
    expect(looked).toMatchObject({
      ok: false,
      error: { code: "failed", what: expect.stringMatching(/password authentication failed/) },
    });
    expect(JSON.stringify(looked)).not.toContain("wrong-and-secret");
  }, 120_000);

  test("one that is stopped is told", async () => {
    const bed = await postgresBed();
    await bed.stop();
    const looked = await checkOf(bed, bed.password).look(never);
    expect(looked).toMatchObject({
      ok: false,
      error: { what: expect.stringMatching(/refused|does not exist|No such file/) },
    });
  }, 120_000);
});
