import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import { restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { type Shop, shop } from "./shop.ts";
import { bad, good, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 60_000;

withPostgres("restores that are refused before anything stops", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  /** The app is connected all the while, and stays so. */
  async function refused(site: Shop, work: () => ReturnType<typeof restore>) {
    const session = good(await site.context().app.connect());
    const problem = bad(await work());
    expect((await session.query("SELECT count(*) FROM orders")).ok, problem.what).toBe(true);
    await session.close();
    expect(await site.names()).toEqual([site.database]);
    expect(readdirSync(site.config.backupDir).filter((name) => name.startsWith(".restore-"))).toEqual([]);
    return problem;
  }

  test(
    "by a role that owns the database and may not create one; an admin's URL does it",
    async () => {
      const site = await shop(server);
      const role = new URL(site.config.url.reveal()).username;
      await server.psql(`ALTER ROLE ${role} NOCREATEDB`);
      const problem = await refused(site, () => restore(site.context(), op("back"), site.backup));
      expect(problem.code).toBe("refused");
      expect(problem.what).toContain(`${role} may not create or rename databases`);
      expect(problem.next).toContain(`ALTER ROLE ${role} CREATEDB`);
      good(await restore(site.context({ adminUrl: secret(server.url) }), op("admin"), site.backup));
      expect(await site.orders()).toBe("10");
    },
    patience,
  );

  test(
    "a role that the backup gives things to is gone",
    async () => {
      const site = await shop(server);
      await server.psql("CREATE ROLE auditor; CREATE ROLE bystander");
      await site.sql("GRANT SELECT ON orders TO auditor");
      const { id } = good(await backUp(site.context(), op("second"), "second"));
      await site.sql("REVOKE ALL ON orders FROM auditor");
      await server.psql("DROP ROLE auditor; DROP ROLE bystander");
      const problem = await refused(site, () => restore(site.context(), op("back"), id));
      expect(problem.what).toContain("no role auditor,");
      expect(problem.what).not.toContain("bystander");
      await server.psql("CREATE ROLE auditor");
      good(await restore(site.context(), op("back"), id));
    },
    patience,
  );

  test(
    "the server has no such extension",
    async () => {
      const site = await shop(server);
      const path = join(site.config.backupDir, `${site.backup}.manifest.json`);
      const manifest = JSON.parse(readFileSync(path, "utf8"));
      manifest.extensions.push({ name: "postgis", version: "3.4.1", schema: "public" });
      writeFileSync(path, JSON.stringify(manifest));
      const problem = await refused(site, () => restore(site.context(), op("back"), site.backup));
      expect(problem.what).toContain("no extension postgis 3.4.1");
    },
    patience,
  );

  test(
    "the server's disk has no room for a second database",
    async () => {
      const site = await shop(server);
      const files = {
        ...site.deps.files,
        stat: async (path: string) => {
          const stat = await site.deps.files.stat(path);
          return stat.ok && stat.value && path.endsWith("/base")
            ? { ok: true as const, value: { ...stat.value, freeBytes: 1_000_000 } }
            : stat;
        },
      };
      const context = site.context({ adminUrl: secret(server.url) }, { files });
      const problem = await refused(site, () => restore(context, op("back"), site.backup));
      expect(problem.code).toBe("no-space");
    },
    patience,
  );

  test(
    "files of the backup were changed, or are missing",
    async () => {
      const site = await shop(server);
      const folder = join(site.config.backupDir, site.backup);
      const [data = ""] = readdirSync(folder).filter((name) => name.endsWith(".dat.gz"));
      const bytes = readFileSync(join(folder, data));
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
      writeFileSync(join(folder, data), flipped);
      const flip = await refused(site, () => restore(site.context(), op("back"), site.backup));
      expect(flip.code).toBe("damaged");
      expect(flip.what).toContain(data);
      rmSync(join(folder, data));
      const missing = await refused(site, () => restore(site.context(), op("back"), site.backup));
      expect(missing.what).toContain(`${data} of ${site.backup} is missing`);
      writeFileSync(join(folder, data), bytes);
      good(await restore(site.context(), op("back"), site.backup));
    },
    patience,
  );

  test(
    "what comes out is not what the manifest says: the live database stays",
    async () => {
      const site = await shop(server);
      const path = join(site.config.backupDir, `${site.backup}.manifest.json`);
      const manifest = JSON.parse(readFileSync(path, "utf8"));
      manifest.tables[0].rows = 11;
      manifest.objects.indexes = 7;
      writeFileSync(path, JSON.stringify(manifest));
      const problem = await refused(site, () => restore(site.context(), op("back"), site.backup));
      expect(problem.code).toBe("damaged");
      expect(problem.what).toContain("orders has 10 rows instead of 11");
      expect(problem.what).toContain("indexes instead of 7");
    },
    patience,
  );

  test(
    "a backup of another app",
    async () => {
      const [site, other] = [await shop(server), await shop(server)];
      await other.sql("DROP TABLE orders; CREATE TABLE invoices(id int)");
      const role = new URL(other.config.url.reveal()).username;
      await server.psql(`GRANT ${new URL(site.config.url.reveal()).username} TO ${role}`);
      const context = other.context({ backupDir: site.config.backupDir });
      const problem = bad(await restore(context, op("back"), site.backup));
      expect(problem.what).toContain(`of another database (${site.database})`);
      expect(await other.names()).toEqual([other.database]);
    },
    patience,
  );
});
