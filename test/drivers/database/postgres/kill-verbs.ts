// What is done to a database while somebody is killed: what it needs before, and what must hold afterwards.
import { readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { pickAll } from "../../../../src/core/salvage/verdict.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import { copies } from "../../../../src/drivers/database/postgres/copy.ts";
import { prepareRestore, restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { postgresSalvage } from "../../../../src/drivers/database/postgres/salvage/salvage.ts";
import { marker } from "../../../../src/drivers/database/postgres/swap/probe.ts";
import { settle } from "../../../../src/drivers/database/postgres/swap/settle.ts";
import { migrations } from "../../../../src/drivers/migrations/migrations.ts";
import type { PostgresBed } from "../../../parts/postgres.ts";
import type { Errand } from "./kill-child.ts";
import type { Shop } from "./shop.ts";
import { good, makeSite, op, type Site } from "./site.ts";

/** `exchange`: a restore of what was prepared. `plan`: what a restore would take away is counted. */
export type Verb = "backup" | "prepare" | "exchange" | "restore" | "undo" | "salvage" | "plan" | "down";
export type Run = { readonly id: string; readonly what: string };

export type Trial = {
  /** The database that it is done to. */
  readonly site: Site;
  readonly errand: Errand["verb"];
  /** Everything up to where it begins; gives what it is about. */
  readonly lay: (name: string) => Promise<string>;
  /** All-old or all-new, then made whole, a second time nothing to do, and the database as it was before `lay`. */
  readonly check: (run: Run, name: string) => Promise<void>;
};

const end = { sessions: "end" } as const;

export async function trialsOn(server: PostgresBed, site: Shop): Promise<Readonly<Record<Verb, Trial>>> {
  const firstRestore = async (name: string) =>
    good(await restore(site.context(), op(`${name}-first`), site.backup, end)).kept;
  const backup = async () => site.backup;
  const trial = (errand: Errand["verb"], lay: Trial["lay"], check: Trial["check"]): Trial => ({
    site,
    errand,
    lay,
    check,
  });
  return {
    backup: trial(
      "backup",
      async (name) => name,
      (run, name) => checkBackup(site, run, name),
    ),
    prepare: trial("prepare", backup, (run, name) => checkPrepared(server, site, run, name)),
    exchange: trial(
      "restore",
      async (name) => {
        good(await prepareRestore(site.context(), op(`${name}-side`), site.backup, end));
        return site.backup;
      },
      (run, name) => checkRestore(server, site, run, name),
    ),
    restore: trial("restore", backup, (run, name) => checkRestore(server, site, run, name)),
    undo: trial("restore", firstRestore, (run, name) => checkUndo(server, site, run, name)),
    salvage: trial("salvage", firstRestore, (run, name) => checkSalvage(server, site, run, name)),
    plan: trial("plan", backup, (run, name) => checkPlan(site, run, name)),
    down: await goingDown(server),
  };
}

async function checkBackup(site: Shop, { id }: Run, name: string): Promise<void> {
  expect(await site.orders(), name).toBe("20");
  const again = good(await backUp(site.context({ keep: 1_000 }), { ...op("x"), id }, name));
  expect(again.rows, name).toEqual({ orders: 20 });
  expect(good(await backUp(site.context({ keep: 1_000 }), { ...op("x"), id }, name))).toEqual(again);
  expect(readdirSync(site.config.backupDir).filter((file) => /\.tmp$|\.pgpass/.test(file))).toEqual([]);
}

async function checkPrepared(server: PostgresBed, site: Shop, { id, what }: Run, name: string) {
  expect(await site.orders(), name).toBe("20");
  await settleTwice(site, name);
  for (const _ of ["now", "again"]) {
    good(await prepareRestore(site.context(), { ...op("x"), id }, what));
    expect((await beside(site)).length, name).toBe(1);
    expect(await site.orders(), name).toBe("20");
  }
  const { kept } = good(await restore(site.context(), op(`${name}-take`), what, end));
  expect(await site.orders(), name).toBe("10");
  good(await restore(site.context(), op(`${name}-back`), kept, end));
  await clear(server, site, name);
}

async function checkRestore(server: PostgresBed, site: Shop, run: Run, name: string): Promise<void> {
  const kept = await oldOrNew(site, run, name, ["20", "10"]);
  good(await restore(site.context(), op(`${name}-back`), kept, end));
  await clear(server, site, name);
}

async function checkUndo(server: PostgresBed, site: Shop, run: Run, name: string): Promise<void> {
  await oldOrNew(site, run, name, ["10", "20"]);
  await clear(server, site, name);
}

/** The marker says which of the two it is, and what the app sees is that one. */
async function oldOrNew(
  site: Shop,
  { id, what }: Run,
  name: string,
  [old, fresh]: readonly [string, string],
): Promise<string> {
  const isNew = good(await marker(site.context())) === id;
  expect(await site.orders(), name).toBe(isNew ? fresh : old);
  await settleTwice(site, name);
  const { kept } = good(await restore(site.context(), { ...op("x"), id }, what, end));
  expect(await site.orders(), name).toBe(fresh);
  return kept;
}

async function checkSalvage(server: PostgresBed, site: Shop, { id, what }: Run, name: string): Promise<void> {
  const salvage = postgresSalvage(site.context());
  const all = good(await salvage.replayed(id)) !== null;
  expect(await site.orders(), name).toBe(all ? "20" : "10");
  await settleTwice(site, name);
  for (const _ of ["now", "again"]) {
    good(await salvage.replay({ ...op("x"), id }, { id: what, from: null }, pickAll));
    expect(await rows(site), name).toBe(whole);
  }
  good(await restore(site.context(), op(`${name}-back`), what, end));
  await clear(server, site, name);
}

async function checkPlan(site: Shop, { what }: Run, name: string): Promise<void> {
  expect(await site.orders(), name).toBe("20");
  await settleTwice(site, name);
  const seen = good(await postgresSalvage(site.context()).since(what));
  expect(seen.tables, name).toMatchObject([{ table: "orders", written: 10 }]);
  expect(good(await postgresSalvage(site.context()).since(what)), name).toEqual(seen);
  expect(await beside(site), name).toEqual([]);
}

/** Ten that were backed up, and ten since. */
const whole = Array.from({ length: 20 }, (_, at) =>
  at < 10 ? `${at + 1} order ${at + 1}` : `${at + 1} late ${at - 9}`,
).join();

function rows(site: Shop): Promise<string> {
  return site.sql("SELECT string_agg(id || ' ' || body, ',' ORDER BY id) FROM orders");
}

async function settleTwice(site: Shop, name: string): Promise<void> {
  good(await settle(site.context()));
  const settled = await site.names();
  good(await settle(site.context()));
  expect(await site.names(), name).toEqual(settled);
}

async function beside(site: Shop): Promise<readonly string[]> {
  return (await site.names()).filter((one) => one !== site.database);
}

/** Of all that was done one database stays beside the live one: what the last exchange replaced. */
async function clear(server: PostgresBed, site: Shop, name: string): Promise<void> {
  expect(await rows(site), name).toBe(whole);
  const left = await beside(site);
  expect(left.length, `${name}: ${left.join()}`).toBe(1);
  for (const one of left) await server.psql(`DROP DATABASE "${one.replace(" (shut)", "")}"`);
}

/** A database of its own, with a migration that goes down: a column with what is in it. */
async function goingDown(server: PostgresBed): Promise<Trial> {
  const site = await makeSite(server);
  const [folder, kept] = [
    join(site.config.backupDir, "..", "migrations"),
    join(site.config.backupDir, "..", "ways"),
  ];
  await mkdir(folder);
  await writeFile(join(folder, "002_note.up.sql"), "ALTER TABLE orders ADD note text;");
  await writeFile(join(folder, "002_note.down.sql"), "ALTER TABLE orders DROP note;");
  await site.sql(`CREATE TABLE schema_migrations(version text PRIMARY KEY);
    CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 20) g`);
  const driver = () => {
    const context = site.context();
    const tools = { sql: context.app, files: context.files, clock: context.clock, copy: copies(context) };
    return migrations({ tool: "sql", table: null, folder, kept }, tools);
  };
  const stands = () =>
    site.sql(`SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM schema_migrations),
      (SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = 'note')`);
  return {
    site,
    errand: "down",
    async lay() {
      await site.sql(
        "ALTER TABLE orders ADD note text; UPDATE orders SET note = id; INSERT INTO schema_migrations VALUES('002')",
      );
      return "002";
    },
    async check({ id, what }, name) {
      const went = good(await driver().wentDown(id));
      expect(await stands(), name).toBe(went === null ? "20|1|1" : "20|0|0");
      for (const _ of ["now", "again"]) {
        expect(good(await driver().down({ ...op("x"), id }, [what])), name).toEqual([what]);
        expect(await stands(), name).toBe("20|0|0");
      }
    },
  };
}
