// A shop of eight related tables that is written, put back to its backup, and looked at from both sides.
import { pickAll } from "../../../../src/core/salvage/verdict.ts";
import type { MigrationWindow } from "../../../../src/core/salvage/window.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import type { Past } from "../../../../src/drivers/database/postgres/context.ts";
import { keptName } from "../../../../src/drivers/database/postgres/names.ts";
import { postgresWithCare } from "../../../../src/drivers/database/postgres/postgres.ts";
import { restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { postgresSalvage } from "../../../../src/drivers/database/postgres/salvage/salvage.ts";
import type { Salvage } from "../../../../src/ports/salvage.ts";
import type { PostgresBed } from "../../../parts/postgres.ts";
import { good, makeSite, op, type Site } from "./site.ts";

export const everything = pickAll;

export type Shop = Site & {
  readonly backup: string;
  readonly salvage: Salvage;
  /** Runs it as a deploy does, with a moment before and one after, while the app is stopped. */
  readonly migrate: (sql: string, change?: Partial<MigrationWindow>) => Promise<void>;
  /** Put the backup back; the id of what was replaced, and the name of its database. */
  readonly putBack: (
    name?: string,
  ) => Promise<{ readonly id: string; readonly from: string; readonly database: string }>;
  /** Tables as they are in a database, hash by table over the columns named. */
  readonly hashes: (
    database: string,
    columns?: Readonly<Record<string, string>>,
  ) => Promise<Readonly<Record<string, string>>>;
};

export const shopTables = `
  CREATE TABLE customers(id bigserial PRIMARY KEY, email text UNIQUE NOT NULL, name text, version int NOT NULL DEFAULT 1);
  CREATE TABLE addresses(id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE, street text);
  CREATE TABLE categories(id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent_id int REFERENCES categories, title text UNIQUE);
  CREATE TABLE products(id uuid PRIMARY KEY DEFAULT gen_random_uuid(), category_id int REFERENCES categories, price numeric(10,2), data jsonb, gross numeric GENERATED ALWAYS AS (price * 1.2) STORED);
  CREATE TABLE orders(id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, placed timestamptz DEFAULT now(), note bytea);
  CREATE TABLE order_lines(order_id bigint REFERENCES orders, line int, product_id uuid REFERENCES products, pieces int CHECK (pieces > 0), PRIMARY KEY (order_id, line));
  CREATE TABLE payments(id bigserial PRIMARY KEY, order_id bigint UNIQUE REFERENCES orders, amount numeric, refund_of bigint REFERENCES payments);
  CREATE TABLE visits(at timestamptz, path text);`;

export const shopRows = `
  INSERT INTO customers(email, name) SELECT 'c' || g || '@example.org', 'Customer ' || g FROM generate_series(1, 200) g;
  INSERT INTO addresses(customer_id, street) SELECT g, 'Street ' || g FROM generate_series(1, 200) g;
  INSERT INTO categories(parent_id, title) SELECT CASE WHEN g > 5 THEN 1 + g % 5 END, 'Category ' || g FROM generate_series(1, 20) g;
  INSERT INTO products(category_id, price, data) SELECT 1 + g % 20, g, jsonb_build_object('n', g) FROM generate_series(1, 100) g;
  INSERT INTO orders(customer_id, note) SELECT 1 + g % 200, decode(lpad(to_hex(g), 8, '0'), 'hex') FROM generate_series(1, 300) g;
  INSERT INTO order_lines SELECT g, 1, (SELECT id FROM products ORDER BY price LIMIT 1 OFFSET g % 100), 1 + g % 3 FROM generate_series(1, 300) g;
  INSERT INTO payments(order_id, amount) SELECT g, g FROM generate_series(1, 300) g;
  INSERT INTO visits SELECT now(), '/p' || g % 7 FROM generate_series(1, 50) g;`;

export async function makeShop(server: PostgresBed, tables = shopTables, rows = shopRows): Promise<Shop> {
  const site = await makeSite(server);
  await site.sql(tables);
  await site.sql(rows);
  const backup = good(await backUp(site.context(), op("backup"), "nightly")).id;
  const hashes: Shop["hashes"] = async (database, columns = {}) => {
    const names = (
      await server.psql(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1",
        database,
      )
    ).split("\n");
    const found = names.map(async (name) => {
      const row = columns[name] ? `ROW(${columns[name]})` : "t";
      const hash = await server.psql(
        `SELECT md5(coalesce(string_agg(x, ';' ORDER BY x), '')) FROM (SELECT ${row}::text AS x FROM ${name} t) y`,
        database,
      );
      return [name, hash] as const;
    });
    return Object.fromEntries(await Promise.all(found));
  };
  const migrated: MigrationWindow[] = [];
  const past: Past = { release: () => null, migrated: () => migrated };
  const { moment } = good(postgresWithCare(site.config, site.deps)).database;
  const snapshot = async () => (moment ? (good(await moment())?.snapshot ?? "") : "");
  return {
    ...site,
    backup,
    salvage: postgresSalvage(site.context({}, { past })),
    async migrate(sql, change = {}) {
      const before = await snapshot();
      await site.sql(sql);
      migrated.push({ restorePoint: backup, before, after: await snapshot(), alone: true, ...change });
    },
    putBack: async (name = "back") => {
      const { kept } = good(await restore(site.context(), op(name), backup));
      return { id: kept, from: backup, database: keptName(site.database, `op-${name}`) };
    },
    hashes: async (database, columns) => {
      await server.psql(`UPDATE pg_database SET datallowconn = true WHERE datname = '${database}'`);
      return hashes(database, columns);
    },
  };
}
