// Ways back to a restore point, side by side: how long nobody is answered, how long until answers are right, what is lost.
import process from "node:process";
import type { Result } from "../src/core/result.ts";
import { secret } from "../src/core/secret.ts";
import { backUp } from "../src/drivers/database/postgres/back-up.ts";
import { takeCopy } from "../src/drivers/database/postgres/copies/take.ts";
import { openContext } from "../src/drivers/database/postgres/open.ts";
import { prepareRestore, restore } from "../src/drivers/database/postgres/restore/run.ts";
import { systemClock } from "../src/os/clock.ts";
import { digestTree } from "../src/os/digest.ts";
import { localHost } from "../src/os/exec.ts";
import { localFiles } from "../src/os/files.ts";
import { fileSwap } from "../src/os/open-files.ts";
import { openSql } from "../src/os/sql-pg.ts";
import { unpack } from "../src/os/unpack.ts";
import type { Op } from "../src/ports/op.ts";
import { type BenchDocument, machine } from "./document.ts";
import { fill, lostRows, type State, spoil, watch } from "./restore/app.ts";
import { type Cluster, startCluster } from "./restore/cluster.ts";
import { archiving, delta, literal, parallel, runbook, type Way } from "./restore/peers.ts";
import { type Ran, rows } from "./restore/rows.ts";

export const name = "restore";
export const about =
  "A pgbench database goes back to its restore point: Lastgood against plain psql, pg_restore -j and pgBackRest --delta.";
export const takes = "about 10 min, needs PostgreSQL and pgbackrest";
/** `scale` 75 is about 1.1 GB. `rounds`: of what takes a second; the others are done once. `rows`: written since. */
export const options = { scale: 75, rounds: 5, rows: 10_000, jobs: 1 };

type Asked = typeof options;
type Measured = { readonly right: number; readonly outage: number; readonly command: number };

const limitMs = 1_800_000;

export async function run(asked: Asked): Promise<BenchDocument> {
  const peers: Ran[] = [];
  for (const [title, way] of [
    ["plain dump, psql", runbook],
    ["pg_restore -j2", parallel],
    ["pgBackRest --delta", delta],
  ] as const)
    peers.push({ name: title, ...(await ofPeer(asked, way)) });
  const says = await literally(asked);
  const own = await ofLastgood(asked);
  return { bench: name, machine: machine(), options: asked, results: rows({ ...own, peers, says }) };
}

async function withCluster<T>(
  asked: Asked,
  work: (cluster: Cluster) => Promise<T>,
  settings: Parameters<typeof startCluster>[0] = () => ({}),
): Promise<T> {
  const cluster = await startCluster(settings);
  try {
    await fill(cluster, asked.scale);
    return await work(cluster);
  } finally {
    await cluster.end();
  }
}

async function ofPeer(asked: Asked, way: Way): Promise<Omit<Ran, "name">> {
  const work = async (cluster: Cluster) => {
    await way.before(cluster);
    await spoil(cluster, asked.rows);
    const one = await measure(asked, cluster, "good", () => way.back(cluster));
    return { runs: [one], lost: await lostRows(cluster, asked.rows) };
  };
  return withCluster(asked, work, way === delta ? archiving : undefined);
}

/** On a small database: it changes nothing, whatever the size. */
function literally(asked: Asked): Promise<string> {
  return withCluster({ ...asked, scale: 1 }, async (cluster) => {
    await literal.before(cluster);
    await spoil(cluster, asked.rows);
    const said = await literal.back(cluster);
    const state = await cluster.sql("SELECT state FROM release");
    return `${said}; afterwards the database is ${state}`;
  });
}

function ofLastgood(asked: Asked) {
  return withCluster(asked, async (cluster) => {
    const context = contextOf(cluster);
    const backup = good(await backUp(context, op("backup"), "bench")).id; // it measures how fast this server copies
    const copied = good(await takeCopy(context, op("template")));
    if (copied.copy === null) throw new Error(`there is no template copy: ${copied.why}`);
    const ofCopy = good(await backUp(context, op("of-copy"), "bench", copied)).id;
    const bytes = Number(await cluster.sql("SELECT pg_database_size('bench')"));
    await spoil(cluster, asked.rows);
    const go = (id: string, from: string, state: State) =>
      measure(asked, cluster, state, async () => {
        good(await restore(context, op(id), from, { sessions: "end", jobs: asked.jobs }));
        return "";
      });
    const first = await go("back", backup, "good");
    const lost = [await lostRows(cluster, asked.rows)];
    const [undos, copies]: [Measured[], Measured[]] = [[], []];
    let newest = "back";
    for (let round = 1; round <= asked.rounds; round++) {
      undos.push(await go(`undo-${round}`, `before-op-${newest}`, "bad"));
      copies.push(await go(`copy-${round}`, `before-op-undo-${round}`, "good"));
      newest = `copy-${round}`;
    }
    undos.push(await go("undo-last", `before-op-${newest}`, "bad"));
    good(await prepareRestore(context, op("prove"), ofCopy)); // as a restore does, while the app goes on
    const template = await go("back-to-template", ofCopy, "good");
    lost.push(await lostRows(cluster, asked.rows));
    const [fromBackup, undo, copy] = [{ runs: [first] }, { runs: undos }, { runs: copies }];
    return { bytes, fromBackup, undo, copy, template: { runs: [template], took: copied.why }, lost };
  });
}

/** A client asks all the while. `command`: seconds that the way itself took. */
async function measure(
  { scale }: Asked,
  cluster: Cluster,
  state: State,
  work: () => Promise<string>,
): Promise<Measured> {
  const watcher = watch(cluster.url, scale);
  await watcher.until(state === "good" ? "bad" : "good", limitMs);
  const since = performance.now();
  await work();
  const command = (performance.now() - since) / 1_000;
  await watcher.until(state, limitMs);
  return { command, ...(await watcher.end(since, state)) };
}

function contextOf(cluster: Cluster) {
  const clock = systemClock();
  const config = {
    url: secret(cluster.url),
    adminUrl: null,
    container: null,
    backupDir: `${cluster.folder}/backups`,
    keep: 5,
    copies: { withinMs: limitMs, keep: 1 },
  };
  const host = localHost({ PATH: process.env["PATH"] ?? "" }, clock);
  const files = { files: localFiles(), swap: fileSwap(), digest: digestTree, unpack };
  return good(openContext(config, { sql: openSql, host, docker: null, clock, ...files }));
}

function op(id: string): Op {
  return { id: `op-${id}`, epoch: 1, signal: new AbortController().signal };
}

function good<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.what}`);
  return result.value;
}
