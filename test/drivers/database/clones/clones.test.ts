// A real server on a real XFS: cloned while it is written, and one database fetched out of the clone.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cloningDisk } from "../../../../scripts/parts/xfs.ts";
import { secret } from "../../../../src/core/secret.ts";
import { withClones } from "../../../../src/drivers/database/clones/clones.ts";
import { postgresWithCare } from "../../../../src/drivers/database/postgres/postgres.ts";
import { localProcesses } from "../../../../src/os/processes.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { bad, good, makeSite, op } from "../postgres/site.ts";

const run = promisify(execFile);
const withParts = await describeWith("postgres", "root", "xfs");
const limitMs = 240_000;

withParts("clones of a whole server", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  let disk: string;

  beforeAll(async () => {
    const made = await cloningDisk("3G");
    later(made.end);
    disk = made.folder;
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = disk;
    server = await postgresBed({}, later).finally(() => {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    });
  }, limitMs);
  afterAll(end);

  async function site(folder: string) {
    const made = await makeSite(server);
    await made.sql("CREATE TABLE orders(id bigserial PRIMARY KEY); INSERT INTO orders DEFAULT VALUES");
    const config = { ...made.config, adminUrl: secret(server.url), clones: folder };
    const driver = good(postgresWithCare(config, made.deps));
    const deps = { processes: localProcesses(), env: { PATH: process.env["PATH"] ?? "" } };
    return { ...made, driver, ...withClones(driver, { folder, user: "postgres", keep: 1 }, deps) };
  }

  test(
    "a clone of a server under load starts, has the database as it was, and comes back by an ordinary restore",
    async () => {
      const folder = join(disk, "lastgood");
      await run("install", ["-d", "-m", "700", "-o", "postgres", folder]);
      const { database, pointInTime, sql, database: cloned } = await site(folder);
      const dbName = (await sql("SELECT current_database()")).trim();
      let over = false;
      const load = (async () => {
        while (!over) await server.psql("INSERT INTO orders DEFAULT VALUES", dbName);
      })();
      const backup = good(await cloned.backUp(op("first"), "before-v2"));
      over = true;
      await load;
      const written = Number(await sql("SELECT count(*) FROM orders"));
      expect(backup.ladder?.find(({ way }) => way === "reflink")).toMatchObject({ chosen: true });
      const { points, about } = good(await pointInTime.reach());
      expect(points.map(({ name }) => name)).toEqual(["before-v2-op-first"]);
      expect(about).toContain(folder);
      await sql("DELETE FROM orders");

      const drilled = good(await pointInTime.rehearse(null));
      expect(drilled.moment).toBe("the clone before-v2-op-first");
      const point = { kind: "point", name: "before-v2-op-first" } as const;
      const recalled = good(await pointInTime.recall(op("recall"), point));
      expect(recalled.rows["orders"]).toBeGreaterThan(0);
      expect(recalled.rows["orders"]).toBeLessThanOrEqual(written);
      good(await database.restore(op("back"), recalled.id));
      expect(Number(await sql("SELECT count(*) FROM orders"))).toBe(recalled.rows["orders"]);
      expect(bad(await pointInTime.recall(op("x"), { kind: "time", at: 0 })).code).toBe("missing");

      // What a crash left of one has no note, and goes; one is kept.
      const half = join(folder, "clone-half-op-dead");
      await run("install", ["-d", "-o", "postgres", half, join(half, "data")]);
      // One whose note cannot be read is somebody's still.
      const unread = [join(folder, "clone-odd"), join(folder, "clone-odd.json")] as const;
      await run("install", ["-d", "-o", "postgres", unread[0]]);
      await writeFile(unread[1], "{");
      good(await database.backUp(op("second"), "before-v3"));
      const there = async () => (await readdir(folder)).filter((one) => one.startsWith("clone-")).sort();
      const odd = ["clone-odd", "clone-odd.json"];
      expect(await there()).toEqual(["clone-before-v3-op-second", "clone-before-v3-op-second.json", ...odd]);
      for (const path of unread) await rm(path, { recursive: true });
      // By hand the server is cloned first: that is the clone of the backup after it too.
      expect(good(await pointInTime.backUp(op("set"))).kind).toBe("full");
      good(await database.backUp(op("third"), "by-hand"));
      expect(await there()).toEqual(["clone-set-op-set", "clone-set-op-set.json"]);
    },
    limitMs,
  );

  test(
    "on another file system it is refused with the reason, and there is no backup then",
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "lgc-"));
      later(() => rm(folder, { recursive: true, force: true }));
      const { database } = await site(folder);
      const refused = bad(await database.backUp(op("first"), "before-v2"));
      expect(refused.what).toContain("on another file system than the server's folder");
      expect(good(await database.backups())).toEqual([]);
    },
    limitMs,
  );
});
