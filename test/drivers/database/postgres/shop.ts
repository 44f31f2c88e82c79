// An app's database with ten orders backed up and twenty now, and what tests ask about it.
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import type { PostgresBed } from "../../../parts/postgres.ts";
import { good, makeSite, op, type Site } from "./site.ts";

export type Shop = Site & {
  readonly backup: string;
  /** What the app sees: a number, or the error. */
  readonly orders: () => Promise<string>;
  /** Its databases by name, and which of them let nobody in. */
  readonly names: () => Promise<readonly string[]>;
};

export async function shop(server: PostgresBed): Promise<Shop> {
  const site = await makeSite(server);
  await site.sql(`CREATE TABLE orders(id bigserial PRIMARY KEY, body text NOT NULL);
    INSERT INTO orders(body) SELECT 'order ' || g FROM generate_series(1, 10) g`);
  const backup = good(await backUp(site.context(), op("backup"), "nightly")).id;
  await site.sql("INSERT INTO orders(body) SELECT 'late ' || g FROM generate_series(1, 10) g");
  const list = `SELECT datname || CASE WHEN datallowconn THEN '' ELSE ' (shut)' END FROM pg_database
    WHERE datname LIKE '${site.database}%' ORDER BY 1`;
  return {
    ...site,
    backup,
    orders: () => site.sql("SELECT count(*) FROM orders"),
    names: async () => (await server.psql(list)).split("\n"),
  };
}
