import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { postgresWithCare } from "../../../../src/drivers/database/postgres/postgres.ts";
import { tempFolder } from "../../../os/temp-folder.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { bad, good, makeSite, op, type Site } from "./site.ts";

const withPostgres = await describeWith("postgres");
const timeout = 120_000;

withPostgres("the care of backups of PostgreSQL", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, 60_000);
  afterAll(end);

  const shop = async (): Promise<Site> => {
    const site = await makeSite(server);
    await site.sql(`CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
      INSERT INTO orders (note) SELECT md5(g::text) FROM generate_series(1, 500) g`);
    return site;
  };
  const opened = (site: Site, change: Partial<Site["config"]> = {}) =>
    good(postgresWithCare({ ...site.config, ...change }, site.deps));

  test("verify reads every byte again, and finds one bit", { timeout }, async () => {
    const site = await shop();
    const { database, care } = opened(site);
    const { id } = good(await database.backUp(op("one"), "nightly"));
    good(await care.verify(id));
    const files = good(await care.files(id));
    expect(files.map(({ name }) => name)).toContain(`${id}.manifest.json`);
    const data = files.find(({ name }) => name.endsWith(".dat.gz"))?.path ?? "";
    const bytes = await readFile(data);
    bytes[bytes.length - 9] = (bytes[bytes.length - 9] ?? 0) ^ 1;
    await writeFile(data, bytes);
    expect(bad(await care.verify(id))).toMatchObject({
      code: "damaged",
      what: expect.stringContaining("sha256"),
    });
    expect(bad(await care.verify("nightly-none"))).toMatchObject({ code: "missing" });
  });

  test("what was written since a backup is told by table", { timeout }, async () => {
    const site = await shop();
    const { database, care } = opened(site);
    const { id } = good(await database.backUp(op("one"), "nightly"));
    expect(good(await care.since(id)).written).toEqual([]);
    await site.sql("INSERT INTO orders (note) SELECT 'new' FROM generate_series(1, 7)");
    expect(good(await care.since(id)).written).toMatchObject([{ table: "orders", rows: 7 }]);
  });

  test("questions are answered from one moment, and none of them writes", { timeout }, async () => {
    const site = await shop();
    const { care } = opened(site);
    const answers = good(
      await care.ask([
        "SELECT count(*) FROM orders;",
        "SELECT bool_and(id > 0) FROM orders",
        "SELECT id, note FROM orders LIMIT 1",
        "SELECT nothing FROM orders",
        "DELETE FROM orders",
        "SELECT 1); DELETE FROM orders; SELECT (1",
        "SELECT max(id) FROM orders -- the newest",
      ]),
    );
    expect(answers.map((one) => (one.ok ? one.value : one.error.code))).toEqual([
      500,
      true,
      "failed",
      "failed",
      "failed",
      "failed",
      500,
    ]);
    expect(await site.sql("SELECT count(*) FROM orders")).toBe("500");
  });

  test("encrypted backups show no row, restore with their key, and with no other", { timeout }, async () => {
    const site = await shop();
    await site.sql("INSERT INTO orders (note) VALUES ('a very secret order')");
    const folder = await tempFolder();
    const encryptionKeyFile = join(folder, "backup.key");
    await writeFile(encryptionKeyFile, "0123456789abcdef0123456789abcdef\n", { mode: 0o600 });
    const { database, care } = opened(site, { encryptionKeyFile });
    const { id } = good(await database.backUp(op("one"), "nightly"));
    const names = await readdir(join(site.config.backupDir, id));
    expect(names.every((name) => name.endsWith(".sealed"))).toBe(true);
    for (const name of names) {
      const bytes = await readFile(join(site.config.backupDir, id, name));
      expect([bytes.includes("PGDMP"), bytes.includes("orders")]).toEqual([false, false]);
    }
    good(await care.verify(id));
    good(await database.rehearse(id));
    await site.sql("DELETE FROM orders");
    good(await database.restore(op("back"), id));
    expect(await site.sql("SELECT count(*) FROM orders")).toBe("501");
    expect(await readdir(site.config.backupDir)).not.toContainEqual(expect.stringContaining("opened"));
    await writeFile(encryptionKeyFile, "another key, which is as long as it must be");
    expect(bad(await opened(site, { encryptionKeyFile }).database.rehearse(id))).toMatchObject({
      code: "refused",
    });
    expect(bad(await opened(site).database.rehearse(id))).toMatchObject({
      code: "refused",
      what: expect.stringContaining("no key is set"),
    });
    await writeFile(encryptionKeyFile, "short");
    expect(
      bad(await opened(site, { encryptionKeyFile }).database.backUp(op("two"), "nightly")),
    ).toMatchObject({
      code: "config",
      next: expect.stringContaining("openssl rand"),
    });
  });
});
