// A copy of the database to try things on: as the app sees its own, and nothing that the app's role chooses is run as admin.
import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { copies } from "../../../../src/drivers/database/postgres/copy.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { good, makeSite, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 120_000;

withPostgres("a copy of the database", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;

  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  /** What the app's role sees in a copy that an admin made, with this search path of its own. */
  async function seen(path: string): Promise<Record<string, string | null> | undefined> {
    const site = await makeSite(server);
    await site.sql(
      "CREATE SCHEMA shop; CREATE TABLE shop.orders(id int); INSERT INTO shop.orders VALUES (1), (2)",
    );
    const role = new URL(site.config.url.reveal()).username;
    await server.psql(
      `SELECT set_config('search_path', $p$${path}$p$, false); ALTER ROLE ${role} SET search_path FROM CURRENT`,
    );
    const context = site.context({ adminUrl: secret(server.url) });
    return good(
      await copies(context)(op("copy"), 1024 ** 3, async ({ sql, withRows }) => {
        expect(withRows).toBe(true);
        const session = good(await sql.connect());
        const asked = await session.query(
          "SELECT current_setting('search_path') AS path, (SELECT count(*) FROM shop.orders) AS orders",
        );
        await session.close();
        return asked;
      }),
    ).rows[0];
  }

  test(
    "its rows and the app's search path are there, and it is gone afterwards",
    async () => {
      expect(await seen('"$user", shop, public')).toEqual({ path: '"$user", shop, public', orders: "2" });
      expect(await server.psql("SELECT datname FROM pg_database WHERE datname LIKE '%migrations%'")).toBe("");
    },
    patience,
  );

  test(
    "a search path that reads like statements is a value",
    async () => {
      const path = "public;CREATE/**/ROLE/**/lg_intruder";
      expect(await seen(path)).toMatchObject({ orders: "2" });
      expect(await server.psql("SELECT count(*) FROM pg_roles WHERE rolname = 'lg_intruder'")).toBe("0");
    },
    patience,
  );
});
