import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import { grantsOf, narrower } from "../../../../src/drivers/database/postgres/properties/access.ts";
import { settingStatement } from "../../../../src/drivers/database/postgres/properties/settings.ts";
import { restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { shop } from "./shop.ts";
import { good, op, type Site } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 60_000;

test("access lists are read as the server writes them", () => {
  expect(grantsOf(['"my ""role"""=c*T/app', "=T/app"], "app")).toEqual([
    { to: 'my "role"', privilege: "CONNECT", passOn: true },
    { to: 'my "role"', privilege: "TEMPORARY", passOn: false },
    { to: null, privilege: "TEMPORARY", passOn: false },
  ]);
  expect(grantsOf(null, "app").filter(({ to }) => to === null)).toHaveLength(2);
});

test("nobody gets more than he had at the backup, nor more than he has now", () => {
  const [everybody, closed] = [grantsOf(null, "app"), grantsOf(["app=CTc/app"], "app")];
  const own = closed.map(({ privilege }) => privilege).sort();
  for (const both of [narrower(everybody, closed), narrower(closed, everybody)]) {
    expect(both.filter(({ to }) => to === null)).toEqual([]);
    expect(both.map(({ privilege }) => privilege).sort()).toEqual(own);
  }
});

test("settings are written so that the server reads the same back", () => {
  const of = (setting: string, role: string | null = null) => settingStatement("a b", { role, setting });
  expect(of('search_path="$user", public, "my schema"')).toBe(
    `ALTER DATABASE "a b" SET "search_path" = '$user', 'public', 'my schema'`,
  );
  expect(of("search_path=")).toBe(`ALTER DATABASE "a b" SET "search_path" = ''`);
  expect(of("app.key=it's, = x", "web")).toBe(
    `ALTER ROLE "web" IN DATABASE "a b" SET "app"."key" = 'it''s, = x'`,
  );
});

withPostgres("what a dump leaves out", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  const asRoot = (site: Site) => ({
    adminUrl: secret(server.url),
    url: site.config.url,
  });
  const about = (site: Site) =>
    server.psql(`SELECT pg_get_userbyid(datdba), datacl, datconnlimit, (SELECT string_agg(coalesce(rolname, '*') || ':' ||
      setconfig::text, ' ' ORDER BY rolname) FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = setrole
      WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = '${site.database}'`);

  test(
    "owner, grants, settings and limit come back, and the people's own comment",
    async () => {
      const site = await shop(server);
      const name = site.database;
      await server.psql(`CREATE ROLE reports; GRANT CONNECT ON DATABASE ${name} TO reports WITH GRANT OPTION;
        REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC; COMMENT ON DATABASE ${name} IS 'it''s the shop';
        ALTER DATABASE ${name} SET search_path = "$user", public, "My Schema"; ALTER DATABASE ${name} CONNECTION LIMIT 77;
        ALTER DATABASE ${name} SET statement_timeout = '3s'; ALTER ROLE reports IN DATABASE ${name} SET work_mem = '8MB'`);
      const context = site.context(asRoot(site));
      const before = await about(site);
      const { id } = good(await backUp(context, op("full"), "full"));
      await server.psql(`ALTER DATABASE ${name} RESET ALL; ALTER DATABASE ${name} CONNECTION LIMIT -1`);
      good(await restore(context, op("back"), id));
      expect(await about(site)).toBe(before);
      const comment = await server.psql(
        `SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '${name}'`,
      );
      expect(comment.split("\n")[0]).toBe("it's the shop");
      good(await restore(context, op("undo"), "before-op-back"));
      good(await restore(context, op("redo"), "before-op-undo"));
      expect(await about(site)).toBe(before);
    },
    patience,
  );

  test(
    "access that was taken away, before the backup or since, does not come back",
    async () => {
      const site = await shop(server);
      const name = site.database;
      await server.psql(`CREATE ROLE stranger LOGIN PASSWORD 'stranger'`);
      const connects = () =>
        server.psql(`SELECT has_database_privilege('stranger', '${name}', 'CONNECT'),
          has_database_privilege('${site.config.url.reveal().split(/[/:]+/)[1]}', '${name}', 'CONNECT')`);
      expect(await connects()).toBe("t|t");
      await site.sql(`REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`); // since the backup of `shop`
      good(await restore(site.context(), op("back"), site.backup));
      expect(await connects()).toBe("f|t");

      const { id } = good(await backUp(site.context(), op("closed"), "closed"));
      await site.sql(`GRANT CONNECT ON DATABASE ${name} TO PUBLIC`);
      good(await restore(site.context(), op("back-2"), id));
      expect(await connects()).toBe("f|t");
    },
    patience,
  );

  test(
    "in a server of many, other databases and their sessions are left alone",
    async () => {
      const [site, other] = [await shop(server), await shop(server)];
      const session = good(await other.context().app.connect());
      good(await restore(site.context(), op("back"), site.backup));
      good(await restore(site.context(), op("undo"), "before-op-back"));
      expect((await session.query("SELECT count(*) FROM orders")).ok).toBe(true);
      await session.close();
      expect(await other.names()).toEqual([other.database]);
    },
    patience,
  );
});
