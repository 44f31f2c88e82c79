import { execFile } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { rehearse } from "../../../../src/drivers/database/postgres/drill.ts";
import { intake } from "../../../../src/drivers/database/postgres/intake/intake.ts";
import { restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { findManifest } from "../../../../src/drivers/database/postgres/store.ts";
import { tempFolder } from "../../../os/temp-folder.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { bad, good, makeSite, op, type Site } from "./site.ts";

const withPostgres = await describeWith("postgres");
const run = promisify(execFile);
const timeout = 120_000;

withPostgres("backups that others made", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, 60_000);
  afterAll(end);

  const shop = async (): Promise<Site & { readonly folder: string }> => {
    const site = await makeSite(server);
    await site.sql(`CREATE TABLE orders (id bigserial PRIMARY KEY, note text);
      INSERT INTO orders (note) SELECT md5(g::text) FROM generate_series(1, 3000) g;
      CREATE TABLE lines (id int PRIMARY KEY, of_order bigint REFERENCES orders);
      INSERT INTO lines SELECT g, g FROM generate_series(1, 40) g`);
    return { ...site, folder: await tempFolder() };
  };
  /** By the programs themselves, as scripts of others call them. */
  const dump = async ({ config, folder }: Site & { folder: string }, name: string, ...args: string[]) => {
    const path = join(folder, name);
    await run(join(server.programs, "pg_dump"), [`--file=${path}`, ...args], {
      env: { PGPASSWORD: "app-password", ...connection(config.url.reveal()) },
    });
    return path;
  };
  const refusal = async (site: Site, path: string) => {
    const refused = bad(
      await intake(site.context({ unpackPassword: secret("the right one") }), op("in"), path),
    );
    const files = await readdir(site.config.backupDir);
    expect(files.filter((name) => name !== ".epoch")).toEqual([]);
    expect(
      await server.psql(`SELECT count(*) FROM pg_database WHERE datname LIKE '${site.database}_%'`),
    ).toBe("0");
    return refused;
  };

  test("each kind of file becomes a whole backup, which a drill proves", {
    timeout: 2 * timeout,
  }, async () => {
    const site = await shop();
    const plain = await dump(site, "plain.sql");
    const zipped = join(site.folder, "plain.sql.gz");
    await writeFile(zipped, gzipSync(await readFile(plain)));
    const sealed = (name: string, ...how: string[]) => {
      const out = join(site.folder, name);
      const args = [
        "enc",
        "-aes-256-cbc",
        "-salt",
        ...how,
        "-pass",
        "pass:the right one",
        "-in",
        zipped,
        "-out",
        out,
      ];
      return run("openssl", args).then(() => out);
    };
    const files = [
      [plain, "a plain SQL dump"],
      [zipped, "gzip, a plain SQL dump"],
      [await sealed("a.sql.gz.enc", "-pbkdf2"), "openssl enc (-pbkdf2), gzip, a plain SQL dump"],
      [await sealed("b.sql.gz.enc"), "openssl enc (-md sha256), gzip, a plain SQL dump"],
      [await dump(site, "c.dump", "-Fc"), "a custom archive (pg_dump -Fc)"],
      [await dump(site, "d.tar", "-Ft"), "a tar archive (pg_dump -Ft)"],
      [await dump(site, "e.folder", "-Fd"), "a directory archive (pg_dump -Fd)"],
    ] as const;
    await site.sql("DELETE FROM lines; DELETE FROM orders WHERE id > 10");
    const context = site.context({ unpackPassword: secret("the right one"), keep: 20 });
    for (const [index, [path, format]] of files.entries()) {
      const made = good(await intake(context, op(`in-${index}`), path));
      expect([format, made.rows]).toEqual([format, { orders: 3000, lines: 40 }]);
      expect(good(await findManifest(context, made.id)).origin).toMatchObject({ path, format });
      expect(good(await intake(context, op(`in-${index}`), path))).toEqual(made);
    }
    const id = `from-c.dump-${op("in-4").id}`;
    good(await rehearse(context, id, undefined));
    good(await restore(context, op("back"), id));
    expect(await site.sql("SELECT count(*) FROM orders")).toBe("3000");
    expect((await readdir(site.config.backupDir)).filter((name) => name.endsWith(".half"))).toEqual([]);
  });

  test("a plain dump that was cut off, which psql restores without an error", { timeout }, async () => {
    const site = await shop();
    const path = await dump(site, "plain.sql");
    const text = await readFile(path, "utf8");
    const cut = text.slice(0, text.indexOf("\n", text.indexOf("COPY public.orders") + 50_000) + 1);
    await writeFile(path, cut);
    await server.psql(`CREATE DATABASE ${site.database}x`);
    const args = ["-X", "-1", "-q", "-v", "ON_ERROR_STOP=1", "-f", path];
    const env = { PGPASSWORD: server.password, ...connection(server.url), PGDATABASE: `${site.database}x` };
    await run(join(server.programs, "psql"), args, { env }); // ends with 0
    expect(Number(await server.psql("SELECT count(*) FROM orders", `${site.database}x`))).toBeLessThan(3000);
    await server.psql(`DROP DATABASE ${site.database}x`);
    expect(await refusal(site, path)).toMatchObject({
      code: "damaged",
      what: expect.stringContaining("is cut off"),
    });
  });

  test("an empty gzip of a failed pipe, and a gzip that was cut off", { timeout }, async () => {
    const site = await shop();
    const empty = join(site.folder, "empty.sql.gz");
    await writeFile(empty, gzipSync(""));
    await run("gzip", ["-t", empty]); // ends with 0
    expect(await refusal(site, empty)).toMatchObject({
      code: "damaged",
      what: expect.stringContaining("holds nothing"),
    });
    const cut = join(site.folder, "cut.sql.gz");
    const whole = gzipSync(await readFile(await dump(site, "plain.sql")));
    await writeFile(cut, whole.subarray(0, whole.length / 2));
    expect(await refusal(site, cut)).toMatchObject({ code: "damaged", where: cut });
    await writeFile(join(site.folder, "none.sql"), "");
    expect(await refusal(site, join(site.folder, "none.sql"))).toMatchObject({
      code: "damaged",
      what: expect.stringContaining("is empty"),
    });
  });

  test("an encrypted file with another password, or one that was cut off", { timeout }, async () => {
    const site = await shop();
    const plain = await dump(site, "plain.sql");
    const seal = async (name: string, password: string) => {
      const out = join(site.folder, name);
      await run("openssl", [
        "enc",
        "-aes-256-cbc",
        "-pbkdf2",
        "-pass",
        `pass:${password}`,
        "-in",
        plain,
        "-out",
        out,
      ]);
      return out;
    };
    const other = await seal("other.enc", "another one");
    expect(await refusal(site, other)).toMatchObject({
      code: "damaged",
      what: expect.stringContaining("the password does not open"),
    });
    const cut = await seal("cut.enc", "the right one");
    const bytes = await readFile(cut);
    await writeFile(cut, bytes.subarray(0, bytes.length - 21));
    expect(await refusal(site, cut)).toMatchObject({ code: "damaged", where: cut });
    const without = bad(await intake(site.context(), op("in"), other));
    expect(without).toMatchObject({ code: "refused", next: expect.stringContaining("unpackPassword") });
  });

  test("a dump of the wrong database: by its header, or by its tables", { timeout }, async () => {
    const [site, other] = [await shop(), await makeSite(server)];
    await other.sql("CREATE TABLE patients (id int)");
    const archive = await dump({ ...other, folder: site.folder }, "other.dump", "-Fc");
    expect(await refusal(site, archive)).toMatchObject({
      code: "refused",
      what: expect.stringMatching(
        new RegExp(`of the database ${other.database}, and this one is ${site.database}`),
      ),
    });
    const role = new URL(site.config.url.reveal()).username;
    await other.sql(`GRANT ALL ON patients TO ${role}`);
    const plain = await dump({ ...other, folder: site.folder }, "other.sql", "--no-owner", "--no-privileges");
    expect(await refusal(site, plain)).toMatchObject({
      code: "refused",
      what: expect.stringContaining("it has patients;"),
    });
    const made = await dump(site, "created.sql", "--create");
    expect(await refusal(site, made)).toMatchObject({
      code: "refused",
      what: expect.stringContaining(site.database),
    });
  });

  test("a directory archive with a missing file, and a flipped bit in an archive", { timeout }, async () => {
    const site = await shop();
    const folder = await dump(site, "e.folder", "-Fd");
    const file = (await readdir(folder)).find((name) => name.endsWith(".gz")) ?? "";
    await rm(join(folder, file));
    expect(await refusal(site, folder)).toMatchObject({
      code: "damaged",
      what: expect.stringContaining(file.replace(".gz", "")),
    });
    const archive = await dump(site, "c.dump", "-Fc");
    const bytes = await readFile(archive);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 0x10;
    await writeFile(archive, bytes);
    expect(await refusal(site, archive)).toMatchObject({ code: "damaged" });
  });

  test("a flipped bit that nothing else would find, by the sha256 beside the file", { timeout }, async () => {
    const site = await shop();
    const path = await dump(site, "plain.sql");
    const { stdout } = await run("sha256sum", [path]);
    await writeFile(`${path}.sha256`, stdout);
    const text = await readFile(path, "utf8");
    const digits = /[0-9a-f]{32}/.exec(text)?.[0] ?? "";
    await writeFile(path, text.replace(digits, `${digits.slice(0, 31)}${digits.endsWith("0") ? "1" : "0"}`));
    expect(await refusal(site, path)).toMatchObject({
      code: "damaged",
      what: expect.stringContaining("plain.sql.sha256 says"),
    });
  });

  test("a dump that misses a table of its own migration", { timeout }, async () => {
    const site = await shop();
    await site.sql(`CREATE TABLE _prisma_migrations (migration_name text, finished_at timestamptz);
      INSERT INTO _prisma_migrations VALUES ('001', now())`);
    const lacking = await dump(site, "c.dump", "-Fc", "--exclude-table=lines");
    expect(await refusal(site, lacking)).toMatchObject({
      code: "damaged",
      what: expect.stringContaining("lacks lines"),
    });
    await site.sql("INSERT INTO _prisma_migrations VALUES ('002', now()); CREATE TABLE newer (id int)");
    expect(good(await intake(site.context(), op("old"), lacking)).rows).toMatchObject({ orders: 3000 });
  });

  test("a role or an extension that this server has not", { timeout }, async () => {
    const site = await shop();
    const path = await dump(site, "plain.sql");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replaceAll(/OWNER TO \w+/g, "OWNER TO reporting"));
    expect(await refusal(site, path)).toMatchObject({
      code: "refused",
      what: expect.stringContaining("reporting"),
      next: expect.stringContaining("CREATE ROLE"),
    });
    await writeFile(
      path,
      text.replace(
        "SET row_security = off;",
        "SET row_security = off;\nCREATE EXTENSION IF NOT EXISTS timescaledb WITH SCHEMA public;",
      ),
    );
    expect(await refusal(site, path)).toMatchObject({
      code: "refused",
      what: expect.stringContaining("timescaledb"),
    });
  });

  test("what is newer than the server, of another kind, or a program in disguise", { timeout }, async () => {
    const site = await shop();
    const path = await dump(site, "plain.sql");
    const text = await readFile(path, "utf8");
    await writeFile(
      path,
      text.replace(/Dumped from database version \S+/, "Dumped from database version 99.1"),
    );
    expect(await refusal(site, path)).toMatchObject({
      code: "refused",
      what: expect.stringMatching(/99\.1.*this server is 15/),
    });
    await writeFile(
      path,
      text.replace("SET row_security = off;", "SET row_security = off;\n\\! touch never"),
    );
    expect(await refusal(site, path)).toMatchObject({
      code: "refused",
      what: expect.stringContaining("command for psql"),
    });
    await writeFile(path, "-- MySQL dump 10.13\nCREATE TABLE x;\n");
    expect(await refusal(site, path)).toMatchObject({
      code: "refused",
      what: expect.stringContaining("MySQL"),
    });
    await writeFile(path, "--\n-- PostgreSQL database cluster dump\n--\n");
    expect(await refusal(site, path)).toMatchObject({
      code: "refused",
      what: expect.stringContaining("whole server"),
    });
    expect(await refusal(site, join(site.folder, "nothing"))).toMatchObject({ code: "missing" });
  });
});

function connection(url: string): Record<string, string> {
  const { hostname, port, username, pathname } = new URL(url);
  return { PGHOST: hostname, PGPORT: port, PGUSER: username, PGDATABASE: pathname.slice(1) };
}
