// `database`, `backups` and `integrity`: what may be written, what is filled in, what is refused.
import { expect, test } from "vitest";
import { loaded, said, withLines } from "./sample.ts";

const sqlite = "database: { kind: sqlite, file: data/shop.db }";
const production = (...lines: readonly string[]) => loaded(withLines(...lines)).environments["production"];

test("a schedule has its defaults: one a day, a drill a week, days, weeks and months", () => {
  expect(production(sqlite, "backups: {}")?.backups).toEqual({
    every: { ms: 86_400_000 },
    keep: { daily: 7, weekly: 4, monthly: 6 },
    drill: { every: { ms: 604_800_000 } },
  });
  expect(production(sqlite, 'backups: { at: "03:15" }')?.backups?.at).toBe(195);
  expect(production(sqlite)?.backups).toBeUndefined();
});

test("backups and integrity checks need a database", () => {
  expect(said(withLines("backups: {}"))[0]).toContain("`backups` needs a database -> write database:");
  const check = "integrity: [{ name: a, sql: SELECT 1, equals: 1 }]";
  expect(said(withLines(check))[0]).toContain("`integrity` needs a database");
  expect(production(sqlite, check)?.integrity).toEqual([{ name: "a", sql: "SELECT 1", equals: 1 }]);
});

test("an integrity check says which answer is right, negative and broken numbers too", () => {
  expect(said(withLines(sqlite, "integrity: [{ name: a, sql: SELECT 1 }]"))[0]).toContain(
    "nothing says which answer is right -> write equals, atLeast or atMost",
  );
  const balance = "integrity: [{ name: a, sql: SELECT 1, atLeast: -0.5, atMost: 2 }]";
  expect(production(sqlite, balance)?.integrity[0]).toMatchObject({ atLeast: -0.5, atMost: 2 });
});

test("a PostgreSQL has its URL from the app's env file; a password in it is refused and not repeated", () => {
  expect(production("database: { kind: postgres, envFile: .env }")?.database).toMatchObject({
    kind: "postgres",
    url: `\${DATABASE_URL}`,
    keepBackups: 5,
  });
  const filled = `"postgresql://\${USER}:\${PASSWORD}@postgres:5432/shop"`;
  const database = production(`database: { kind: postgres, envFile: .env, url: ${filled} }`)?.database;
  expect(database).toMatchObject({ url: filled.slice(1, -1) });
  for (const key of ["url", "adminUrl"]) {
    const written = `database: { kind: postgres, envFile: .env, ${key}: "postgresql://shop:hunter2@db/shop" }`;
    const [mistake = ""] = said(withLines(written));
    expect(mistake).toContain(`a password stands in the URL -> put it into envFile`);
    expect(mistake).not.toContain("hunter2");
  }
});

test("how a restore is done has its defaults, and a pooler's console its own URL without a password", () => {
  const restored = (restore: string) => `database: { kind: postgres, envFile: .env, restore: ${restore} }`;
  expect(production("database: { kind: postgres, envFile: .env }")?.database).toMatchObject({
    restore: { jobs: 1, amcheck: false, sessions: "refuse" },
  });
  const pooler = `pooler: { url: "postgresql://pgbouncer:\${WORD}@127.0.0.1:6432", database: shop }`;
  expect(
    production(restored(`{ jobs: 2, sessions: end, amcheck: true, ${pooler} }`))?.database,
  ).toMatchObject({
    restore: { jobs: 2, amcheck: true, sessions: "end", pooler: { database: "shop" } },
  });
  const written = 'pooler: { url: "postgresql://pgbouncer:hunter2@127.0.0.1:6432" }';
  const [mistake = ""] = said(withLines(restored(`{ ${written} }`)));
  expect(mistake).toContain("a password stands in the URL");
  expect(mistake).not.toContain("hunter2");
  const other = 'pooler: { url: "postgresql://pgbouncer@127.0.0.1:6432/shop" }';
  expect(said(withLines(restored(`{ ${other} }`)))[0]).toContain("is its database pgbouncer");
});

test("a container and an address say two things", () => {
  const both = 'database: { kind: postgres, envFile: .env, at: "127.0.0.1:5432", container: pg }';
  expect(said(withLines(both))[0]).toContain("`at` and `container` say two things");
});

test("an archive has its defaults; it stands beside a server of this machine, in a folder short enough for a socket", () => {
  const archived = (more: string, outside = "") =>
    `database: { kind: postgres, envFile: .env${outside}, pointInTime: { tool: pgbackrest, stanza: shop, ${more} } }`;
  expect(production(archived("scratch: /var/lib/postgresql/lastgood"))?.database).toMatchObject({
    pointInTime: {
      user: "postgres",
      archiveWithin: { ms: 60_000 },
      full: { ms: 604_800_000 },
      diff: { ms: 86_400_000 },
    },
  });
  expect(said(withLines(archived(`scratch: /${"a".repeat(60)}`)))[0]).toContain("too long for a socket");
  expect(said(withLines(archived("scratch: /s", ", container: pg")))[0]).toContain(
    "puts that into a container",
  );
});
