import { expect, test } from "vitest";
import { reachesBeyond } from "../../../src/core/migrations/reach.ts";

test.each([
  ["CREATE ROLE reader", "CREATE ROLE"],
  ["create user app with password 'x'", "create user"],
  ["DO $$ BEGIN EXECUTE 'x'; CREATE  ROLE a; END $$", "CREATE ROLE"],
  ["ALTER DATABASE shop SET x = 1", "ALTER DATABASE"],
  ["ALTER SYSTEM SET work_mem = '1GB'", "ALTER SYSTEM"],
  ["DROP OWNED BY old", "DROP OWNED"],
  ["GRANT readers TO app;", "GRANT readers TO"],
  ["COPY orders TO '/srv/orders'", "COPY orders TO '"],
  ["COPY orders FROM PROGRAM 'curl x'", "COPY orders FROM PROGRAM"],
  ["SELECT dblink_exec('dbname=other', 'DROP TABLE x')", "dblink_exec("],
  ["SELECT cron.schedule('0 3 * * *', 'VACUUM')", "cron.schedule("],
  ["NOTIFY orders", "NOTIFY o"],
  ["SELECT pg_notify('a', 'b')", "pg_notify("],
  ["CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "CREATE SUBSCRIPTION"],
  ["CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw", "CREATE SERVER"],
])("%s reaches beyond its database", (sql, found) => {
  expect(reachesBeyond(sql)).toBe(found);
});

test.each([
  'CREATE TABLE roles (id int, "user" text)',
  "ALTER TABLE users ADD COLUMN role text DEFAULT 'user'",
  "GRANT SELECT ON orders TO reader; REVOKE ALL ON SCHEMA public FROM PUBLIC",
  "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO app",
  "INSERT INTO notes VALUES ('x') -- CREATE ROLE a",
  "/* ALTER SYSTEM */ UPDATE orders SET state = 'new'",
  "COPY orders FROM stdin",
  "CREATE INDEX user_idx ON users (role)",
  "ALTER TABLE a OWNER TO app",
])("%s stays in its database", (sql) => {
  expect(reachesBeyond(sql)).toBe(null);
});
