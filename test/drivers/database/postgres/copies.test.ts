import { spawn } from "node:child_process";
import { readFileSync, watch } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import type { Context } from "../../../../src/drivers/database/postgres/context.ts";
import { takeCopy } from "../../../../src/drivers/database/postgres/copies/take.ts";
import { pointName } from "../../../../src/drivers/database/postgres/names.ts";
import { prepareRestore, restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { since } from "../../../../src/drivers/database/postgres/salvage/since.ts";
import { readManifest } from "../../../../src/drivers/database/postgres/store.ts";
import { laterOn, pause } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { shop } from "./shop.ts";
import { bad, good, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 120_000;

withPostgres("template copies of a real database", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({ fsync: "off" }, later);
  }, patience);
  afterAll(end);

  /** A shop whose role may know where the server's files lie, and whose server is known to copy quickly. */
  async function copyShop(on = server) {
    const site = await shop(on);
    const role = site.database.replace("shop", "app");
    await on.psql(`GRANT pg_read_all_settings TO ${role}`);
    const context = site.context({ copies: { withinMs: 30_000, keep: 1 } });
    const copy = { bytes: 8_000_000, ms: 50, at: Date.now() };
    await writeFile(join(context.config.backupDir, ".measured.json"), JSON.stringify({ copy }));
    return { site, role, context };
  }

  /** As a deploy does: a copy, then the dump of it. */
  async function deployed(context: Context, version: string) {
    const copied = good(await takeCopy(context, op(`copy-${version}`)));
    expect(copied).toMatchObject({ copy: expect.any(String) });
    return good(await backUp(context, op(`backup-${version}`), `before-${version}`, copied));
  }

  const oidOf = (name: string) => server.psql(`SELECT oid FROM pg_database WHERE datname = '${name}'`);

  async function client(url: string): Promise<Client> {
    const made = new Client({ connectionString: url });
    made.on("error", () => undefined);
    await made.connect();
    onTestFinished(() => made.end().catch(() => undefined));
    return made;
  }

  test(
    "a copy is shut, nobody else's, and the dump is of its very moment",
    async () => {
      const { site, role, context } = await copyShop();
      await rm(join(context.config.backupDir, ".measured.json"));
      expect(good(await takeCopy(context, op("before"))).why).toContain("measured with the next backup");
      good(await backUp(context, op("measures"), "nightly"));
      const copied = good(await takeCopy(context, op("copy")));
      expect(copied).toEqual({
        copy: pointName(site.database, "op-copy"),
        why: expect.stringContaining("taken in"),
      });
      expect(good(await takeCopy(context, op("copy"))).copy).toBe(copied.copy);
      await site.sql("INSERT INTO orders(body) VALUES('after the copy')");
      const made = good(await backUp(context, op("deploy"), "before-v2", copied));
      expect(made.rows).toEqual({ orders: 20 });
      expect(made.ladder?.find(({ way }) => way === "template copy")?.chosen).toBe(true);
      expect(await site.names()).toEqual([site.database, `${copied.copy} (shut)`]);
      const facts = `SELECT datistemplate, datacl FROM pg_database WHERE datname = '${copied.copy}'`;
      expect(await server.psql(facts)).toBe(`f|{${role}=CTc/${role}}`);
      const written = good(await since(context, made.id));
      expect(written.tables.map(({ table, inserted }) => [table, inserted])).toEqual([["orders", 1]]);
    },
    patience,
  );

  test(
    "a restore takes the copy itself, with owner, grants and settings, and access is no wider than it was",
    async () => {
      const { site, role, context } = await copyShop();
      await server.psql(`CREATE ROLE guest_${site.database};
        REVOKE CONNECT ON DATABASE ${site.database} FROM PUBLIC; GRANT CONNECT ON DATABASE ${site.database} TO guest_${site.database};
        ALTER DATABASE ${site.database} SET work_mem = '7MB'; ALTER DATABASE ${site.database} CONNECTION LIMIT 40;
        COMMENT ON DATABASE ${site.database} IS 'the shop'`);
      const about = `SELECT pg_get_userbyid(datdba), ARRAY(SELECT a::text FROM unnest(datacl) a ORDER BY 1), datconnlimit, (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid)
        FROM pg_database d WHERE datname = '${site.database}'`;
      const before = await server.psql(about);
      const made = await deployed(context, "v2");
      const oid = await oidOf(pointName(site.database, "op-copy-v2"));
      await site.sql("INSERT INTO orders(body) VALUES('late')");
      good(await prepareRestore(context, op("prepare"), made.id));
      expect(await site.orders()).toBe("21");
      const { kept } = good(await restore(context, op("back"), made.id));
      expect(await oidOf(site.database)).toBe(oid);
      expect(await site.orders()).toBe("20");
      expect(await server.psql(about)).toBe(before);
      expect(before).toContain(role);
      await site.sql("INSERT INTO orders(body) VALUES('it can be written')");
      good(await restore(context, op("undo"), kept));
      expect(await site.orders()).toBe("21");
      // The copy is the live database's past by now: the dump does it again.
      good(await restore(context, op("again"), made.id));
      expect(await site.orders()).toBe("20");
      expect(await oidOf(site.database)).not.toBe(oid);
    },
    patience,
  );

  test(
    "a copy that somebody wrote into is not taken: the dump is",
    async () => {
      const { site, context } = await copyShop();
      const made = await deployed(context, "v2");
      const name = pointName(site.database, "op-copy-v2");
      good(await prepareRestore(context, op("prepare"), made.id));
      await server.psql(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS true`);
      await server.psql("SET default_transaction_read_only = off; DELETE FROM orders WHERE id = 3", name);
      const oid = await oidOf(name);
      good(await restore(context, op("back"), made.id));
      expect(await site.orders()).toBe("20");
      expect(await oidOf(site.database)).not.toBe(oid);
    },
    patience,
  );

  test(
    "it survives another restore and its undo; one copy is kept, and no dump goes with the others",
    async () => {
      const { site, context } = await copyShop();
      const first = await deployed(context, "v2");
      const { kept } = good(await restore(context, op("back"), site.backup));
      good(await restore(context, op("undo"), kept));
      const oid = await oidOf(pointName(site.database, "op-copy-v2"));
      expect(oid).not.toBe("");
      const second = await deployed(context, "v3");
      expect(await oidOf(pointName(site.database, "op-copy-v2"))).toBe("");
      expect(await oidOf(pointName(site.database, "op-copy-v3"))).not.toBe("");
      expect(good(await readManifest(context, first.id))?.place.kind).toBe("folder");
      good(await takeCopy(context, op("never-backed-up")));
      good(await takeCopy(context, op("the-next")));
      expect(await oidOf(pointName(site.database, "op-never-backed-up"))).toBe("");
      good(await restore(context, op("first"), first.id));
      good(await restore(context, op("second"), second.id));
      expect(await site.orders()).toBe("20");
    },
    patience,
  );

  test(
    "idle sessions end, whoever comes meanwhile waits and is answered, and other databases go on",
    async () => {
      const { site, context } = await copyShop();
      const url = site.config.url.reveal();
      const idle = await client(url);
      await idle.query("SELECT 1");
      const gone = new Promise((resolve) => idle.once("end", resolve));
      const others = await client(server.url);
      let over = false;
      const coming = (async () => {
        let answered = 0;
        do {
          const one = new Client({ connectionString: url });
          one.on("error", () => undefined);
          await one.connect();
          // It idles, as a pool does: the copy may end it now, and nothing of it is lost.
          answered +=
            (await one.query("SELECT count(*) AS n FROM orders").catch(() => null)) === null ? 0 : 1;
          await one.end().catch(() => undefined);
        } while (!over);
        return answered;
      })();
      const copied = good(await takeCopy(context, op("copy")));
      over = true;
      await gone;
      expect(await coming).toBeGreaterThan(0);
      expect((await others.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
      expect(copied.why).not.toBe("");
      expect(await site.orders()).toBe("20");
    },
    patience,
  );

  test(
    "who is in the middle of something is not disturbed: there is no copy, and the reason is told",
    async () => {
      const { site, context } = await copyShop();
      const busy = await client(site.config.url.reveal());
      await busy.query("BEGIN; INSERT INTO orders(body) VALUES('in the middle')");
      const copied = good(await takeCopy(context, op("copy")));
      expect(copied).toEqual({ copy: null, why: expect.stringContaining("at work") });
      await busy.query("COMMIT");
      expect(await site.orders()).toBe("21");
      const made = good(await backUp(context, op("deploy"), "before-v2", copied));
      expect(made.ladder?.find(({ way }) => way === "template copy")).toMatchObject({
        chosen: false,
        why: copied.why,
      });
      expect(await site.names()).toEqual([site.database]);
    },
    patience,
  );

  test(
    "a role that owns and may not create databases is told so, and an adminUrl helps",
    async () => {
      const { site, role, context } = await copyShop();
      await server.psql(`ALTER ROLE ${role} NOCREATEDB`);
      expect(good(await takeCopy(context, op("copy"))).why).toContain("adminUrl");
      const admin = { ...context.config, adminUrl: secret(server.url) };
      const copied = good(await takeCopy(site.context(admin), op("copy-2")));
      expect(copied.copy).toBe(pointName(site.database, "op-copy-2"));
      expect(
        await server.psql(`SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '${copied.copy}'`),
      ).toBe(role);
    },
    patience,
  );

  test(
    "it is off unless asked for, and never taken where it is slower than requests may wait, or the disk can't be seen",
    async () => {
      const { site, role, context } = await copyShop();
      const why = async (change: Partial<Context["config"]>, name: string) =>
        good(await takeCopy(site.context({ ...context.config, ...change }), op(name))).why;
      expect(await why({ copies: null }, "off")).toContain("when-quick");
      expect(await why({ copies: { withinMs: 1, keep: 1 } }, "slow")).toContain("more than the 1 ms");
      await server.psql(`REVOKE pg_read_all_settings FROM ${role}`);
      expect(await why({}, "blind")).toContain("can't be seen");
      expect(await site.names()).toEqual([site.database]);
    },
    patience,
  );

  test(
    "one that was promised and does not end in time fails, leaves nothing, and is not promised again",
    async () => {
      const { site, context } = await copyShop();
      const copy = { bytes: 10 ** 12, ms: 0, at: Date.now() };
      await writeFile(join(context.config.backupDir, ".measured.json"), JSON.stringify({ copy }));
      const hurried = site.context({ ...context.config, copies: { withinMs: 1, keep: 1 } });
      expect(bad(await takeCopy(hurried, op("copy"))).code).toBe("timeout");
      expect(await site.names()).toEqual([site.database]);
      expect(await site.orders()).toBe("20");
      expect(good(await takeCopy(hurried, op("copy"))).copy).toBe(null);
      const missing = { copy: pointName(site.database, "op-copy"), why: "it was there" };
      expect(bad(await backUp(context, op("deploy"), "before-v2", missing)).code).toBe("missing");
    },
    patience,
  );

  test(
    "kill -9 of the controller in the middle: the app goes on, and the next look takes away what was made",
    async () => {
      const { site, context } = await copyShop();
      // It waits for this lock with the database locked already: there is a middle.
      const keeper = await client(server.url);
      await keeper.query("BEGIN; LOCK TABLE pg_database IN SHARE MODE");
      const child = copyIn(context, "op-killed");
      while ((await server.psql(COPYING)) === "0") await pause();
      const coming = client(site.config.url.reveal());
      child.kill("SIGKILL");
      await keeper.query("COMMIT");
      expect((await (await coming).query("SELECT count(*)::int AS n FROM orders")).rows).toEqual([{ n: 20 }]);
      while ((await server.psql(COPYING)) !== "0") await pause();
      // The server ended what nobody waits for any more; without its mark it is not whole.
      expect(await oidOf(pointName(site.database, "op-killed"))).not.toBe("");
      const made = await deployed(context, "v2");
      expect(await site.names()).toEqual([site.database, `${pointName(site.database, "op-copy-v2")} (shut)`]);
      expect(made.rows).toEqual({ orders: 20 });
    },
    patience,
  );

  test(
    "kill -9 of the server in the middle: nothing half-made stays, and the next copy is whole",
    async () => {
      const own = await postgresBed();
      const { site, context } = await copyShop(own);
      const copying = new Promise((resolve) => {
        const watching = watch(join(own.dataFolder, "base"), resolve);
        onTestFinished(() => watching.close());
      });
      const child = copyIn(context, "op-killed");
      const ended = new Promise((resolve) => child.once("close", resolve));
      await copying;
      const children = readFileSync(`/proc/${own.process.pid}/task/${own.process.pid}/children`, "utf8");
      for (const pid of [own.process.pid, ...children.trim().split(" ").map(Number)]) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {} // ended by itself meanwhile
      }
      await ended;
      for (let left = 50; ; left--) {
        const started = await own.startAgain().catch((error: Error) => error);
        if (!(started instanceof Error)) break;
        if (left === 0 || !started.message.includes("still in use")) throw started;
      }
      expect(await site.orders()).toBe("20");
      await deployed(context, "v2");
      expect(await site.names()).toEqual([site.database, `${pointName(site.database, "op-copy-v2")} (shut)`]);
    },
    patience,
  );
});

const childFile = fileURLToPath(new URL("./copies-child.ts", import.meta.url));
const COPYING =
  "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND state = 'active'";

/** In a process of its own. */
function copyIn({ config }: Context, id: string) {
  return spawn(process.execPath, [childFile, config.url.reveal(), config.backupDir, id], {
    stdio: "inherit",
  });
}
