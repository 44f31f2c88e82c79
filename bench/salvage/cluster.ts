// A private PostgreSQL cluster for the length of a bench.

import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { run } from "../../scripts/parts/run.ts";
import { postgresFolders } from "../../scripts/parts/table.ts";

export type Cluster = {
  readonly port: number;
  readonly programs: string;
  /** As the superuser; rows without head. */
  readonly sql: (text: string, database?: string) => Promise<string>;
  readonly end: () => Promise<void>;
};

const user = "postgres";

export async function startCluster(): Promise<Cluster> {
  const programs = (await postgresFolders()).find((one) => existsSync(join(one, "postgres")));
  if (programs === undefined) throw new Error("no postgres here");
  const folder = await mkdtemp(join(tmpdir(), "lastgood-bench-"));
  const data = join(folder, "data");
  if (process.geteuid?.() === 0) await run(["chown", user, folder]);
  await run(
    asUser([
      join(programs, "initdb"),
      "--no-sync",
      "--auth=trust",
      "-U",
      user,
      "--encoding=UTF8",
      "--locale=C.UTF-8",
      "-D",
      data,
    ]),
    { cwd: folder },
  );
  const port = await freePort();
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${folder} -c max_wal_size=4GB`;
  const control = (...args: string[]) =>
    run(asUser([join(programs, "pg_ctl"), "-D", data, "-w", "-s", ...args]), { cwd: folder });
  await control("-l", join(folder, "log"), "-o", settings, "start");
  const client: readonly [string, ...string[]] = [
    join(programs, "psql"),
    "-XqAt",
    "-v",
    "ON_ERROR_STOP=1",
    "-h",
    "127.0.0.1",
    "-p",
    String(port),
    "-U",
    user,
  ];
  return {
    port,
    programs,
    sql: async (text, database = "postgres") =>
      (await run([...client, "-d", database, "-f", "-"], { stdin: text })).trimEnd(),
    end: async () => {
      await control("-m", "immediate", "stop");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
function asUser(argv: readonly string[]): [string, ...string[]] {
  if (process.geteuid?.() !== 0) return argv as [string, ...string[]];
  return ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", "--", ...argv];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}
