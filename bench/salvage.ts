// How long it takes to find what was written since a backup, and to bring it back after a restore.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Result } from "../src/core/result.ts";
import { isConflict, pickAll, rowsWith } from "../src/core/salvage/verdict.ts";
import { secret } from "../src/core/secret.ts";
import { backUp } from "../src/drivers/database/postgres/back-up.ts";
import type { Context } from "../src/drivers/database/postgres/context.ts";
import { keptName } from "../src/drivers/database/postgres/names.ts";
import { openContext } from "../src/drivers/database/postgres/open.ts";
import { restore } from "../src/drivers/database/postgres/restore/run.ts";
import { postgresSalvage } from "../src/drivers/database/postgres/salvage/salvage.ts";
import { systemClock } from "../src/os/clock.ts";
import { digestTree } from "../src/os/digest.ts";
import { localHost } from "../src/os/exec.ts";
import { localFiles } from "../src/os/files.ts";
import { fileSwap } from "../src/os/open-files.ts";
import { openSql } from "../src/os/sql-pg.ts";
import { unpack } from "../src/os/unpack.ts";
import type { Op } from "../src/ports/op.ts";
import { type BenchDocument, type BenchResult, machine, meets, single } from "./document.ts";
import { type Cluster, startCluster } from "./salvage/cluster.ts";
import { conflicting, names, rowsBefore, tables, writtenSince } from "./salvage/shop.ts";

export const name = "salvage";
export const about =
  "Rows written after a backup over 8 related tables: found, brought back after the restore, compared by hash; and found in one large table.";
export const takes = "about 3 min";
export const options = { rows: 100_000, orders: 100_000, large: 10_000_000 };
type Options = typeof options;

export async function run(asked: Options): Promise<BenchDocument> {
  const cluster = await startCluster();
  const folder = await mkdtemp(join(tmpdir(), "lastgood-bench-"));
  try {
    const shop = contextOf(cluster, "shop", folder);
    const large = contextOf(cluster, "large", folder);
    const results = [...(await bringBack(cluster, shop, asked)), await find(cluster, large, asked)];
    return { bench: name, machine: machine(), options: asked, results };
  } finally {
    await cluster.end();
    await rm(folder, { recursive: true, force: true });
  }
}

async function bringBack(
  cluster: Cluster,
  context: Context,
  { rows, orders }: Options,
): Promise<readonly BenchResult[]> {
  await cluster.sql("CREATE DATABASE shop");
  await cluster.sql(tables, "shop");
  await cluster.sql(rowsBefore(orders), "shop");
  const backup = good(await backUp(context, op("backup"), "bench")).id;
  await cluster.sql(writtenSince(rows, orders), "shop");
  const reference = await hashes(cluster, "shop");
  const salvage = postgresSalvage(context);
  const [foundMs] = await timed(async () => good(await salvage.since(backup)));
  const { kept } = good(await restore(context, op("back"), backup));
  const [, first] = await timed(async () => good(await salvage.look({ id: kept, from: backup }, pickAll)));
  await cluster.sql(conflicting, "shop");
  const [ms, done] = await timed(async () =>
    good(await salvage.replay(op("salvage"), { id: kept, from: backup }, pickAll)),
  );
  const conflicts = rowsWith(done, isConflict);
  const back = rowsWith(done, (verdict) => ["insert", "update", "delete"].includes(verdict));
  if (rowsWith(first, isConflict) !== 0 || conflicts < 2)
    throw new Error(`${conflicts} conflicts were found`);
  // The two that were made on purpose are taken back by hand; the kept rows then come too.
  await cluster.sql("DELETE FROM customers WHERE id = 99999999", "shop");
  good(await salvage.replay(op("rest"), { id: kept, from: backup }, { ...pickAll, overwrite: true }));
  const after = await hashes(cluster, "shop");
  const wrong = names.filter((table) => after[table] !== reference[table]);
  if (wrong.length > 0) throw new Error(`not as the reference: ${wrong.join(", ")}`);
  await cluster.sql(
    `UPDATE pg_database SET datallowconn = true WHERE datname = '${keptName("shop", "op-back")}'`,
  );
  return [
    figure("finding what was written since the backup", foundMs, null, `in ${orders * 5} rows`),
    figure(
      "bringing it back",
      ms,
      "<= 60000",
      `${back} rows back, ${conflicts} conflicts told; all 8 tables equal the reference by hash`,
    ),
  ];
}

async function find(cluster: Cluster, context: Context, { large }: Options): Promise<BenchResult> {
  await cluster.sql("CREATE DATABASE large");
  await cluster.sql(
    `CREATE TABLE rows(id bigint, body text); INSERT INTO rows SELECT g, 'row ' || g FROM generate_series(1, ${large}) g;
     ALTER TABLE rows ADD PRIMARY KEY (id); VACUUM ANALYZE rows; CHECKPOINT`,
    "large",
  );
  const backup = good(await backUp(context, op("large"), "bench")).id;
  await cluster.sql(
    "INSERT INTO rows SELECT -g FROM generate_series(1, 5000) g; UPDATE rows SET body = 'x' WHERE id BETWEEN 500 AND 599",
    "large",
  );
  const [ms, found] = await timed(async () => good(await postgresSalvage(context).since(backup)));
  if (found.tables[0]?.written !== 5_100) throw new Error(`found ${JSON.stringify(found.tables)}`);
  return figure(`finding 5,100 rows among ${large}`, ms, "<= 5000");
}

function figure(what: string, ms: number, target: string | null, note?: string): BenchResult {
  const met = target === null ? null : meets(target, ms);
  return {
    case: what,
    metric: "time",
    unit: "ms",
    product: single(ms),
    peers: {},
    ratio: {},
    target,
    met,
    ...(note ? { note } : {}),
  };
}

async function hashes(cluster: Cluster, database: string): Promise<Readonly<Record<string, string>>> {
  const found: [string, string][] = [];
  for (const table of names) {
    const text = `SELECT count(*) || ':' || sum(hashtextextended(t::text, 0)) FROM ${table} t`;
    found.push([table, await cluster.sql(text, database)]);
  }
  return Object.fromEntries(found);
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [number, T]> {
  const from = performance.now();
  const value = await work();
  return [performance.now() - from, value];
}

function contextOf(cluster: Cluster, database: string, folder: string): Context {
  const clock = systemClock();
  const url = secret(`postgres://postgres@127.0.0.1:${cluster.port}/${database}`);
  const config = { url, adminUrl: null, container: null, backupDir: join(folder, database), keep: 5 };
  const host = localHost({ PATH: process.env["PATH"] ?? "" }, clock);
  const deps = {
    sql: openSql,
    host,
    docker: null,
    files: localFiles(),
    swap: fileSwap(),
    digest: digestTree,
    unpack,
    clock,
  };
  return good(openContext(config, deps));
}

function op(called: string): Op {
  return { id: `op-${called}`, epoch: 1, signal: new AbortController().signal };
}

function good<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.what}`);
  return result.value;
}
