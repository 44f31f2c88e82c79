// A release's settings, turned from the live database to a copy of it.
import { expect, test } from "vitest";
import { type Aim, aimed } from "../../../src/core/backups/aim.ts";

const aim: Aim = {
  live: "shop",
  copy: "shop_drill",
  mark: "lastgood-try-1",
  variables: [],
  server: null,
  env: {},
};

function turned(values: Record<string, string>, change: Partial<Aim> = {}) {
  const result = aimed(values, { ...aim, ...change });
  if (!result.ok) throw new Error(result.error.what);
  const { PGAPPNAME, LASTGOOD_TRIAL, ...rest } = result.value;
  expect([PGAPPNAME, LASTGOOD_TRIAL]).toEqual([aim.mark, "yes"]);
  return rest;
}

const mark = "application_name=lastgood-try-1";

test.each([
  ["postgres://u:p%40@db:5432/shop", `postgres://u:p%40@db:5432/shop_drill?${mark}`],
  [
    "postgresql://u@db/shop?schema=app&application_name=web",
    `postgresql://u@db/shop_drill?schema=app&${mark}`,
  ],
  ["postgresql+asyncpg://u@a:1,b:2/shop", `postgresql+asyncpg://u@a:1,b:2/shop_drill?${mark}`],
  ["jdbc:postgresql://db/shop", "jdbc:postgresql://db/shop_drill?ApplicationName=lastgood-try-1"],
  ["host=db user=u dbname=shop", `host=db user=u dbname=shop_drill ${mark}`],
])("%s, whatever the variable is called", (before, after) => {
  expect(turned({ ANY: before, OTHER: "postgres://u@db/else", NAME: "shop" })).toEqual({ ANY: after });
});

test("every address of the live database is turned, a replica's too", () => {
  const all = turned({ A: "postgres://u@db/shop", B: "postgres://u@replica/%73hop" });
  expect(all).toEqual({
    A: `postgres://u@db/shop_drill?${mark}`,
    B: `postgres://u@replica/shop_drill?${mark}`,
  });
});

test("a variable that carries the bare name is turned where the config says so", () => {
  expect(turned({ DB_NAME: "shop", APP: "shop" }, { variables: ["DB_NAME"] })).toEqual({
    DB_NAME: "shop_drill",
  });
  expect(turned({ PGDATABASE: "shop" })).toEqual({ PGDATABASE: "shop_drill" });
});

test("past a pooler, user and password stay", () => {
  expect(turned({ URL: "postgres://u:p@pooler:6432/shop" }, { server: "db:5432" })).toEqual({
    URL: `postgres://u:p@db:5432/shop_drill?${mark}`,
  });
});

test("what is set on top is turned as well, so that it cannot lead back", () => {
  expect(
    turned({ URL: "postgres://u@db/shop" }, { env: { MAIL: "log", URL: "postgres://w@db/shop" } }),
  ).toEqual({
    MAIL: "log",
    URL: `postgres://w@db/shop_drill?${mark}`,
  });
});

test("where nothing names the live database, nobody can say where it would write", () => {
  expect(aimed({ URL: "postgres://u@db/else", NAME: "shop" }, aim)).toMatchObject({
    ok: false,
    error: { code: "config", what: expect.stringContaining("names the database shop") },
  });
});
