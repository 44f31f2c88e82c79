import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../src/core/secret.ts";
import { openSql } from "../../src/os/sql-pg.ts";
import type { SqlResult, SqlSession } from "../../src/ports/sql.ts";
import { laterOn } from "../parts/bed.ts";
import { describeWith } from "../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../parts/postgres.ts";

const withPostgres = await describeWith("postgres");

withPostgres("SQL over a real server", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, 60_000);
  afterAll(end);

  const good = <T>(result: SqlResult<T>): T => {
    if (!result.ok) throw new Error(`${result.error.code}: ${result.error.what}`);
    return result.value;
  };
  const using = async (work: (session: SqlSession) => Promise<void>): Promise<void> => {
    const session = good(await openSql(secret(server.url)).connect());
    try {
      await work(session);
    } finally {
      await session.close();
    }
  };

  test("values are the texts of the server, so none loses a digit", () =>
    using(async (session) => {
      const { rows } = good(
        await session.query(
          "SELECT $1::numeric AS n, true AS b, '{1,2}'::int[] AS a, null AS z, 9007199254740993 AS i",
          ["0.10000000000000000000001"],
        ),
      );
      expect(rows).toEqual([
        { n: "0.10000000000000000000001", b: "t", a: "{1,2}", z: null, i: "9007199254740993" },
      ]);
    }));

  test("an error carries its SQLSTATE and leaves the session usable", () =>
    using(async (session) => {
      const failed = await session.query("SELECT * FROM nothing_here");
      expect(failed).toMatchObject({ ok: false, error: { code: "failed", sqlState: "42P01" } });
      expect(good(await session.query("SELECT 1 AS one")).rows).toEqual([{ one: "1" }]);
    }));

  test("what cannot be reached, entered or found says which", async () => {
    const to = (url: string) => openSql(secret(url)).connect();
    const wrong = server.url.replace("not-a-secret", "wrong-password");
    expect(await to(wrong)).toMatchObject({ error: { code: "refused", sqlState: "28P01" } });
    expect(JSON.stringify(await to(wrong))).not.toContain("wrong-password");
    expect(await to(`${server.url}_no`)).toMatchObject({ error: { code: "missing", sqlState: "3D000" } });
    expect(await to("postgres://a:b@127.0.0.1:1/x")).toMatchObject({
      error: { code: "unreachable", sqlState: null },
    });
    expect(await to(`${server.url}?sslmode=require`)).toMatchObject({ error: { code: "unreachable" } });
    expect(await to("mysql://a:b@127.0.0.1/x")).toMatchObject({ error: { code: "config" } });
  });

  test("a unix socket in the URL is followed", async () => {
    const url = `postgres://postgres@localhost/postgres?host=${server.socketFolder}&port=${server.port}`;
    const session = good(await openSql(secret(url)).connect());
    expect(good(await session.query("SELECT inet_client_addr() AS a")).rows).toEqual([{ a: null }]);
    await session.close();
  });

  test("a large answer comes in batches, in and outside of a transaction", () =>
    using(async (session) => {
      for (const around of [[], ["BEGIN", "COMMIT"]]) {
        if (around[0]) good(await session.query(around[0]));
        const sizes: number[] = [];
        const { count } = good(
          await session.each("SELECT g FROM generate_series(1, $1::int) g", [25], 10, (rows) => {
            sizes.push(rows.length);
          }),
        );
        expect([count, sizes]).toEqual([25, [10, 10, 5]]);
        if (around[1]) good(await session.query(around[1]));
      }
    }));

  test("COPY out of one session goes into another, whole", () =>
    using((from) =>
      using(async (to) => {
        good(await to.query("CREATE TABLE copied (id int, note text)"));
        const chunks: Uint8Array[] = [];
        const select = "SELECT g, repeat('x', 100) FROM generate_series(1, 20000) g";
        const out = await from.copyOut(`COPY (${select}) TO STDOUT`, (chunk) => void chunks.push(chunk));
        expect(good(out).count).toBe(20_000);
        const source = (async function* () {
          yield* chunks;
        })();
        expect(good(await to.copyIn("COPY copied FROM STDIN", source)).count).toBe(20_000);
        expect(good(await to.query("SELECT count(*) AS n FROM copied")).rows).toEqual([{ n: "20000" }]);
      }),
    ));

  test("a COPY whose source fails leaves nothing and a usable session", () =>
    using(async (session) => {
      good(await session.query("CREATE TABLE half (id int)"));
      const source = (async function* () {
        yield Buffer.from("1\n2\n");
        throw new Error("the source broke");
      })();
      await expect(session.copyIn("COPY half FROM STDIN", source)).rejects.toThrow("the source broke");
      expect(good(await session.query("SELECT count(*) AS n FROM half")).rows).toEqual([{ n: "0" }]);
    }));

  test("a COPY that the server refuses is a problem, and the session goes on", () =>
    using(async (session) => {
      good(await session.query("CREATE TABLE strict (id int)"));
      const source = (async function* () {
        yield Buffer.from("not a number\n");
      })();
      expect(await session.copyIn("COPY strict FROM STDIN", source)).toMatchObject({
        error: { sqlState: "22P02" },
      });
      expect(good(await session.query("SELECT count(*) AS n FROM strict")).rows).toEqual([{ n: "0" }]);
    }));
});
