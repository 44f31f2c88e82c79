// The app of the bench: a pgbench database, a bad migration, and a client that connects afresh for every question.
import { Client } from "pg";
import { pause } from "../stack/bed.ts";
import { type Cluster, database } from "./cluster.ts";

export type State = "good" | "bad";

/** Fresh, with `rows` acknowledged rows that were written after the restore point by the time `spoil` has run. */
export async function fill(cluster: Cluster, scale: number): Promise<void> {
  await cluster.sql(`CREATE DATABASE ${database}`, "postgres");
  const made = await cluster.program("pgbench", ["-i", "-q", "-s", String(scale), database]);
  if (made.exitCode !== 0) throw new Error(made.stderr);
  await cluster.sql("CREATE TABLE release(state text NOT NULL); INSERT INTO release VALUES('good')");
  await cluster.sql("CREATE TABLE late(id bigint PRIMARY KEY, body text NOT NULL); VACUUM ANALYZE");
}

/** What a bad release does, and what users write until somebody goes back. */
export async function spoil(cluster: Cluster, rows: number): Promise<void> {
  await cluster.sql(`UPDATE release SET state = 'bad'; UPDATE pgbench_branches SET bbalance = -1;
    INSERT INTO late SELECT g, 'order ' || g FROM generate_series(1, ${rows}) g`);
}

/** Rows written since that are in no database of the server any more. */
export async function lostRows(cluster: Cluster, rows: number): Promise<number> {
  const names = (
    await cluster.sql("SELECT datname FROM pg_database WHERE NOT datistemplate", "postgres")
  ).split("\n");
  let most = 0;
  for (const name of names) {
    const shut =
      (await cluster.sql(`SELECT datallowconn FROM pg_database WHERE datname = '${name}'`, "postgres")) ===
      "f";
    const allow = (yes: boolean) =>
      cluster.sql(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS ${yes}`, "postgres");
    if (shut) await allow(true);
    const there = await cluster.sql("SELECT to_regclass('late') IS NOT NULL", name);
    if (there === "t") most = Math.max(most, Number(await cluster.sql("SELECT count(*) FROM late", name)));
    if (shut) await allow(false);
  }
  return rows - most;
}

type Seen = { readonly from: number; readonly to: number; readonly state: State | null };

export type Watcher = {
  /** Resolves once `state` was answered by a question that began after now; throws after `limitMs`. */
  readonly until: (state: State, limitMs: number) => Promise<void>;
  /** Ends it. Seconds from `since` (monotonic ms) to the first answer that stayed right, and seconds without any. */
  readonly end: (since: number, state: State) => Promise<{ readonly right: number; readonly outage: number }>;
};

const answerMs = 1_000;
const everyMs = 5;

/** An answer counts when it needs every table: the last row by its key, and all branches. */
export function watch(url: string, scale: number): Watcher {
  const seen: Seen[] = [];
  let over = false;
  const asking = (async () => {
    while (!over) {
      const from = performance.now();
      const state = await ask(url, scale).catch(() => null);
      seen.push({ from, to: performance.now(), state });
      await pause(everyMs);
    }
  })();
  return {
    until: async (state, limitMs) => {
      const since = performance.now();
      while (!seen.some((one) => one.from >= since && one.state === state)) {
        if (performance.now() - since > limitMs)
          throw new Error(`nobody answered ${state} within ${limitMs} ms`);
        await pause(everyMs);
      }
    },
    end: async (since, state) => {
      over = true;
      await asking;
      const wrong = seen.findLastIndex((one) => one.state !== state);
      const first = seen[wrong + 1];
      return { right: ((first?.to ?? Number.NaN) - since) / 1_000, outage: outageOf(seen) / 1_000 };
    },
  };
}

/** Milliseconds from the last answer before each failure to the next answer after it. */
function outageOf(seen: readonly Seen[]): number {
  let sum = 0;
  let last: number | null = null;
  let failed = false;
  for (const one of seen) {
    if (one.state === null) {
      last ??= one.from;
      failed = true;
      continue;
    }
    if (failed && last !== null) sum += one.to - last;
    [last, failed] = [one.to, false];
  }
  return sum;
}

async function ask(url: string, scale: number): Promise<State | null> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query(
      `SELECT state, (SELECT count(*) FROM pgbench_branches) AS branches, (SELECT count(*) FROM pgbench_tellers) AS tellers,
         (SELECT count(*) FROM pgbench_accounts WHERE aid = $1) AS last FROM release`,
      [scale * 100_000],
    );
    const [row] = rows;
    const whole =
      Number(row?.branches) === scale && Number(row?.tellers) === 10 * scale && Number(row?.last) === 1;
    return whole ? row.state : null;
  } finally {
    await client.end().catch(() => {});
  }
}
