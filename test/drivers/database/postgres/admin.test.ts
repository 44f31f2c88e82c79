// Where an admin's session works in a database of the app: nothing that the app's role put in its way is run as admin.
import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { postgresWithCare } from "../../../../src/drivers/database/postgres/postgres.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { good, makeSite, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 120_000;

withPostgres("an admin's session", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;

  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  test(
    "asks the server's own catalog, not what the owner put before it: backup, drill, restore, undo, questions",
    async () => {
      const site = await makeSite(server);
      const role = new URL(site.config.url.reveal()).username;
      const traps = ["pg_class", "pg_namespace", "pg_database", "pg_extension", "pg_sequence", "pg_roles"];
      await site.sql(`CREATE TABLE orders(id serial PRIMARY KEY); INSERT INTO orders DEFAULT VALUES; CREATE SCHEMA trap;
        CREATE FUNCTION trap.grab() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
          IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = session_user) THEN
            ALTER ROLE ${role} SUPERUSER; END IF; RETURN true; END $$;
        ${traps.map((name) => `CREATE VIEW trap.${name} AS SELECT * FROM pg_catalog.${name} WHERE trap.grab();`).join("\n")}
        ALTER DATABASE ${site.database} SET search_path = trap, pg_catalog, public`);
      const config = { ...site.config, adminUrl: secret(server.url) };
      const { database, salvage } = good(postgresWithCare(config, site.deps));
      const backup = good(await database.backUp(op("backup"), "nightly"));
      await database.rehearse(backup.id);
      await salvage.since(backup.id);
      const restored = await database.restore(op("back"), backup.id);
      if (restored.ok) await database.restore(op("undo"), restored.value.kept);
      await database.position();
      await database.marker();
      expect(restored).toMatchObject({ ok: true });
      expect(await server.psql(`SELECT rolsuper FROM pg_roles WHERE rolname = '${role}'`)).toBe("f");
    },
    patience,
  );
});
