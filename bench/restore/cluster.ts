// A private PostgreSQL cluster with a pgbench database in it, which can be stopped and started.
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { run, tryRun } from "../../scripts/parts/run.ts";
import { postgresFolders } from "../../scripts/parts/table.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { Finished } from "../../src/ports/host.ts";

export const database = "bench";
const user = "postgres";
const longMs = 3_600_000;

export type Cluster = {
  /** May be written by the server's own user. */
  readonly folder: string;
  readonly data: string;
  readonly port: number;
  readonly url: string;
  /** A program of this server's version, as the server's user and with its address; however it ended. */
  readonly program: (name: string, args: readonly string[], stdin?: string) => Promise<Finished>;
  /** As the superuser; rows without head. Throws where it fails. */
  readonly sql: (text: string, name?: string) => Promise<string>;
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly end: () => Promise<void>;
};

export async function startCluster(
  settings: (at: { readonly folder: string; readonly port: number }) => Readonly<Record<string, string>>,
): Promise<Cluster> {
  const programs = (await postgresFolders()).find((one) => existsSync(join(one, "pgbench")));
  if (programs === undefined) throw new Error("no PostgreSQL with pgbench here");
  const folder = await mkdtemp(join(tmpdir(), "lastgood-bench-restore-"));
  await chmod(folder, 0o711);
  if (process.geteuid?.() === 0) await run(["chown", user, folder]);
  const data = join(folder, "data");
  const port = await localProcesses().freePort();
  const own = (argv: readonly [string, ...string[]], stdin?: string) =>
    tryRun(asUser(argv), { cwd: folder, timeoutMs: longMs, ...(stdin === undefined ? {} : { stdin }) });
  const must = async (argv: readonly [string, ...string[]], stdin?: string): Promise<Finished> => {
    const ended = await own(argv, stdin);
    if (ended?.exitCode === 0) return ended;
    throw new Error(`${argv[0]} failed: ${ended?.stderr ?? "it is not there"}`);
  };
  const init = ["--no-sync", "--auth=trust", "-U", user, "--encoding=UTF8", "--locale=C.UTF-8", "-D", data];
  await must([join(programs, "initdb"), ...init]);
  const all = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: folder,
    max_wal_size: "4GB",
    ...settings({ folder, port }),
  };
  const options = Object.entries(all).map(([name, value]) => `-c "${name}=${value}"`);
  const control = (...args: string[]) => must([join(programs, "pg_ctl"), "-D", data, "-w", "-s", ...args]);
  const start = async () =>
    void (await control("-t", "600", "-l", join(folder, "log"), "-o", options.join(" "), "start"));
  await start();
  const address = ["-h", "127.0.0.1", "-p", String(port), "-U", user] as const;
  return {
    folder,
    data,
    port,
    url: `postgres://${user}@127.0.0.1:${port}/${database}`,
    program: async (name, args, stdin) => {
      const argv = [join(programs, name), ...address, ...args] as const;
      const ended = await own(argv as readonly [string, ...string[]], stdin);
      if (ended === null) throw new Error(`${name} is not there`);
      return ended;
    },
    sql: async (text, name = database) => {
      const psql = [join(programs, "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", ...address] as const;
      return (await must([...psql, "-d", name, "-f", "-"], text)).stdout.trimEnd();
    },
    start,
    stop: async () => void (await control("-m", "fast", "stop")),
    end: async () => {
      await tryRun(asUser([join(programs, "pg_ctl"), "-D", data, "-w", "-s", "-m", "immediate", "stop"]), {
        cwd: folder,
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** PostgreSQL refuses to run as root. */
export function asUser(argv: readonly string[]): [string, ...string[]] {
  if (process.geteuid?.() !== 0) return argv as [string, ...string[]];
  return ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", "--", ...argv];
}
