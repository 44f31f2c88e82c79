// Values of a real PostgreSQL, a real Redis, and this machine.
import { expect, test } from "vitest";
import { ok } from "../../../../src/core/result.ts";
import { secret } from "../../../../src/core/secret.ts";
import { hostSignals } from "../../../../src/drivers/signals/metrics/host.ts";
import { postgresSignals, postgresSqlSignals } from "../../../../src/drivers/signals/metrics/postgres.ts";
import { redisSignals } from "../../../../src/drivers/signals/metrics/redis.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { localHost } from "../../../../src/os/exec.ts";
import { openSql } from "../../../../src/os/sql-pg.ts";
import { streamSocket } from "../../../../src/os/stream-socket.ts";
import { signalsContract } from "../../../../src/testing/contracts/signals.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { type RedisBed, redisBed } from "../../../parts/redis.ts";
import { type Walk, walk } from "../walk.ts";

const clock = systemClock();
const intervalMs = 100;

function host(programs = "") {
  return localHost({ PATH: `${programs}:${process.env["PATH"] ?? ""}` }, clock);
}

function newest(source: Walk, subject: string): number | undefined {
  return source.readings.findLast((reading) => reading.subject === subject)?.value;
}

const limits = { connections: 0.9, lockWaits: 0, slowAfterS: 1, slowQueries: 0, deadlocks: 0 };

function ofPostgres(bed: PostgresBed, change: Partial<typeof limits> = {}, password = bed.password) {
  const { port, user, database } = bed;
  return postgresSignals(
    {
      host: "127.0.0.1",
      port,
      user,
      database,
      container: null,
      intervalMs,
      limits: { ...limits, ...change },
    },
    { host: host(bed.programs), clock, password: async () => ok(secret(password)) },
  );
}

const withPostgres = await describeWith("postgres");
withPostgres("values of PostgreSQL", () => {
  test("the contract", { timeout: 240_000 }, async () => {
    for (const one of signalsContract) {
      const bed = await postgresBed();
      const idle: Promise<unknown>[] = [];
      const happen = async () => {
        idle.push(bed.psql("select pg_sleep(600)").catch(() => null));
      };
      const loss = { lose: bed.stop, giveBack: async () => void (await bed.startAgain()) };
      await one.run({ open: () => ofPostgres(bed), happen, loss });
      if (idle.length > 0)
        await bed.psql(
          "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()",
        );
      await Promise.all(idle);
    }
  });

  test("connections, slow queries, lock waits and deadlocks are counted", { timeout: 120_000 }, async () => {
    const bed = await postgresBed({
      max_connections: "20",
      superuser_reserved_connections: "3",
      deadlock_timeout: "50ms",
    });
    await bed.psql("create table stock (id int primary key, n int); insert into stock values (1, 1), (2, 1)");
    const source = await walk(ofPostgres(bed, { slowAfterS: 2 }));
    await source.until(() => newest(source, "postgres deadlocks a minute") !== undefined);
    expect(newest(source, "postgres connections")).toBeLessThan(0.2);
    const update = (id: number) => `update stock set n = n + 1 where id = ${id};`;
    const clash = (first: number, then: number) =>
      bed.psql(`begin; ${update(first)} select pg_sleep(1); ${update(then)} commit`).then(
        () => "well",
        () => "deadlock",
      );
    const ended = await Promise.all([clash(1, 2), clash(2, 1)]);
    expect(ended.sort()).toEqual(["deadlock", "well"]);
    await source.until(() => (newest(source, "postgres deadlocks a minute") ?? 0) > 0);
    const holder = bed.psql(`begin; ${update(1)} select pg_sleep(12); commit`);
    await source.until(() => (newest(source, "postgres slow queries") ?? 0) > 0);
    const waiter = bed.psql(update(1));
    await source.until(() => (newest(source, "postgres lock waits") ?? 0) > 0);
    await source.until(() => source.events.some(({ subject }) => subject === "postgres lock waits"));
    await Promise.all([holder, waiter]);
    await source.until(() =>
      source.events.some(({ subject, over }) => over === true && subject === "postgres lock waits"),
    );
  });

  test("asked as the app's own role it sees the app's slow queries, and tells when nobody is there", {
    timeout: 60_000,
  }, async () => {
    const bed = await postgresBed();
    const { port, user, password, database } = bed;
    const url = secret(`postgres://${user}:${password}@127.0.0.1:${port}/${database}`);
    const config = { intervalMs, limits: { ...limits, slowAfterS: 0.5 } };
    const source = await walk(postgresSqlSignals(config, { sql: openSql(url), clock }));
    const slow = bed.psql("select pg_sleep(3)");
    await source.until(() => source.events.some(({ subject }) => subject === "postgres slow queries"));
    await slow;
    expect(source.observations.every(({ ok, route }) => ok && route === "postgres")).toBe(true);
    await bed.stop();
    await source.until(() => source.events.some(({ kind }) => kind === "dependency"));
    expect(source.observations.at(-1)?.ok).toBe(false);
  });

  test("a wrong password is blind, and shows nothing of it", { timeout: 60_000 }, async () => {
    const bed = await postgresBed();
    const source = await walk(ofPostgres(bed, {}, "guessed"));
    await source.until(() => source.blind() !== null);
    expect(source.blind()).toContain("password authentication failed");
    expect(source.blind()).not.toContain("guessed");
    expect(source.readings).toEqual([]);
    // It is there, and does not believe us: no outage that could excuse a release.
    expect(source.observations.every(({ ok }) => ok)).toBe(true);
  });
});

function ofRedis(bed: RedisBed, change: object = {}, password: string | null = null) {
  const own = { memory: 0.95, clients: 0.9, evictions: null, blocked: null, ...change };
  return redisSignals(
    { host: "127.0.0.1", port: bed.port, container: null, intervalMs, limits: own },
    {
      host: host(),
      socket: streamSocket(),
      clock,
      password: async () => ok(password === null ? null : secret(password)),
    },
  );
}

const withRedis = await describeWith("redis");
withRedis("values of Redis", () => {
  test("the contract", { timeout: 240_000 }, async () => {
    for (const one of signalsContract) {
      const bed = await redisBed();
      const blocked: Promise<unknown>[] = [];
      const happen = async () => {
        blocked.push(bed.cli("blpop", "nothing", "600").catch(() => null));
      };
      // A Redis that asks for a password that nobody gave cannot be read any more.
      const loss = {
        lose: async () => void (await bed.cli("config", "set", "requirepass", "later")),
        giveBack: async () =>
          void (await bed.cli("-a", "later", "--no-auth-warning", "config", "set", "requirepass", "")),
      };
      await one.run({ open: () => ofRedis(bed, { blocked: 0 }), happen, loss });
      await bed.cli("client", "kill", "type", "normal").catch(() => null);
      await Promise.all(blocked);
    }
  });

  test("memory counts where writes are refused when it is full, and not in a cache", {
    timeout: 60_000,
  }, async () => {
    const bed = await redisBed({ lines: ["maxmemory 4mb", "maxmemory-policy noeviction"] });
    await bed
      .cli("eval", "for i = 1, 30 do redis.call('set', i, string.rep('x', 100000)) end", "0")
      .catch(() => null);
    const source = await walk(ofRedis(bed, { memory: 0.5 }));
    await source.until(() => source.events.some(({ subject }) => subject === "redis memory"));
    expect(source.events[0]?.what).toMatch(/^redis memory: \d+(\.\d)? %, more than 50 %$/);
    await bed.cli("config", "set", "maxmemory-policy", "allkeys-lru");
    await source.until(() => source.events.some(({ over }) => over === true));
    expect(source.readings.findLast(({ subject }) => subject === "redis memory")).toMatchObject({
      limit: null,
      ok: true,
    });
  });
});

test("the machine: memory, open files and disks, each beside its limit", { timeout: 60_000 }, async () => {
  const all = { cpuPressure: 1, memoryAvailable: 0.000_001, diskFree: 0.000_001, openFiles: 1 };
  const source = await walk(hostSignals({ intervalMs, disks: ["/"], limits: all }, { host: host(), clock }));
  await source.until(() => source.readings.length > 0);
  const subjects = source.readings.map(({ subject }) => subject);
  expect(subjects).toEqual(
    expect.arrayContaining(["host memory available", "host open files", "host disk /"]),
  );
  expect(source.readings.every(({ value, ok }) => ok && value >= 0 && value <= 1)).toBe(true);
  const strict = { ...all, memoryAvailable: 1 };
  const other = await walk(hostSignals({ intervalMs, disks: [], limits: strict }, { host: host(), clock }));
  await other.until(() => other.events.length > 0);
  expect(other.events[0]).toMatchObject({ kind: "limit", subject: "host memory available" });
});
