import { expect, test } from "vitest";
import { parseDatabaseUrl } from "../../src/core/database-url.ts";
import { secret } from "../../src/core/secret.ts";

const parse = (url: string) => parseDatabaseUrl(secret(url));

test("the URL of an app is taken apart, and what is its own is left out", () => {
  const parsed = parse("postgresql://shop%40x:p%3Aw%40rd@db.example:6432/shop?schema=public&sslmode=require");
  expect(parsed).toMatchObject({
    ok: true,
    value: {
      host: "db.example",
      port: 6432,
      user: "shop@x",
      database: "shop",
      sslMode: "require",
      rootCertificate: null,
    },
  });
  expect(parsed.ok && parsed.value.password?.reveal()).toBe("p:w@rd");
  expect(parse("postgres://shop@[::1]/shop")).toMatchObject({
    value: { host: "::1", port: 5432, password: null, sslMode: "prefer" },
  });
  expect(parse("postgres://shop@localhost/shop?host=/run/postgresql")).toMatchObject({
    value: { host: "/run/postgresql" },
  });
});

test.each([
  ["mysql://a:b@c/d", "not one of PostgreSQL"],
  ["postgres://a:b@c", "no user or no database"],
  ["postgres://c/d", "no user or no database"],
  ["postgres://a:%zz@c/d", "no user or no database"],
  ["postgres://a@c/d?sslmode=maybe", "sslmode=maybe"],
  ["not a url with a-password", "not one of PostgreSQL"],
])("%s is a mistake of the config, told without the password", (url, what) => {
  const parsed = parse(url);
  expect(parsed).toMatchObject({ ok: false, error: { code: "config", what: expect.stringContaining(what) } });
  expect(JSON.stringify(parsed)).not.toContain("a-password");
});
