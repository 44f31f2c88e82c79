// A private PostgreSQL cluster: copied from a prepared one, run by the user postgres where we are root.
import { existsSync } from "node:fs";
import { rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { oneAtATime } from "../../scripts/parts/one-at-a-time.ts";
import { run } from "../../scripts/parts/run.ts";
import { postgresFolders } from "../../scripts/parts/table.ts";
import { afterTest, bedFolder, type Daemon, freePort, type Later, startDaemon } from "./bed.ts";

export type PostgresBed = Daemon & {
  readonly port: number;
  /** Over TCP with a password (scram); over the socket anybody is trusted. */
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly url: string;
  readonly socketFolder: string;
  readonly dataFolder: string;
  /** Where pg_dump, psql and the rest of this version lie. */
  readonly programs: string;
  /** Puts in front of argv what makes it run as the cluster's own system user. */
  readonly asOwner: (argv: readonly string[]) => [string, ...string[]];
  /** Runs SQL; rows without head, columns parted by `|`. Throws where it fails. */
  readonly psql: (sql: string, database?: string) => Promise<string>;
  /** After `stop`: the same cluster again. */
  readonly startAgain: () => Promise<Daemon>;
};

/** `settings` are lines of postgresql.conf: `{ wal_level: "logical" }`. */
export async function postgresBed(
  settings: Readonly<Record<string, string>> = {},
  later: Later = afterTest,
): Promise<PostgresBed> {
  const programs = await programsFolder();
  const folder = await bedFolder("postgres", later, 0o755);
  const dataFolder = join(folder, "data");
  const socketFolder = join(folder, "run");
  const port = await freePort();
  const ownership = isRoot ? ["-o", user, "-g", user] : [];
  await run(["install", "-d", "-m", "700", ...ownership, dataFolder]);
  await run(["install", "-d", "-m", "755", ...ownership, socketFolder]);
  await run(asOwner(["cp", "-a", `${await prepared(programs)}/.`, dataFolder]));
  const own = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: socketFolder,
    ...settings,
  };
  const options = Object.entries(own).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const client = [
    join(programs, "psql"),
    "-XqAt",
    "-v",
    "ON_ERROR_STOP=1",
    "-h",
    socketFolder,
    "-p",
    String(port),
  ];
  const psql = async (sql: string, database = "postgres") => {
    const said = await run(["env", ...client, "-U", user, "-d", database, "-f", "-"], { stdin: sql });
    return said.trimEnd();
  };
  const ready = () =>
    psql("select 1").then(
      () => true,
      () => false,
    );
  const argv = asOwner([join(programs, "postgres"), "-D", dataFolder, ...options]);
  const start = () => startDaemon({ argv, folder, ready, stopSignal: "SIGINT" }, later);
  const url = `postgres://${user}:${password}@127.0.0.1:${port}/postgres`;
  const reach = { port, user, password, database: "postgres", url, socketFolder, dataFolder, programs };
  return {
    ...(await start()),
    ...reach,
    asOwner,
    psql,
    startAgain: start,
  };
}

const user = "postgres";
const password = "not-a-secret";
const isRoot = process.geteuid?.() === 0;

/** Made once for this machine; copying it is ten times as fast as making one. */
async function prepared(programs: string): Promise<string> {
  const version = programs.split("/").at(-2) ?? "";
  const folder = join(tmpdir(), `lastgood-postgres-${version}-${process.geteuid?.() ?? 0}`);
  await oneAtATime("postgres-prepared", async () => {
    if (existsSync(join(folder, "PG_VERSION"))) return;
    await rm(`${folder}.new`, { recursive: true, force: true });
    const rights = [
      "--auth-local=trust",
      "--auth-host=scram-sha-256",
      `--username=${user}`,
      `--pwfile=${folder}.password`,
    ];
    const how = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata", `${folder}.new`];
    const argv = asOwner([join(programs, "initdb"), ...rights, ...how]);
    await writeFile(`${folder}.password`, `${password}\n`);
    await run(argv, { cwd: tmpdir() });
    await rm(`${folder}.password`);
    await rename(`${folder}.new`, folder);
  });
  return folder;
}

async function programsFolder(): Promise<string> {
  const folder = (await postgresFolders()).find((candidate) => existsSync(join(candidate, "postgres")));
  if (folder === undefined) throw new Error("no postgres here: guard the test with describeWith('postgres')");
  return folder;
}

/** PostgreSQL refuses to run as root. */
function asOwner(argv: readonly string[]): [string, ...string[]] {
  if (!isRoot) return argv as [string, ...string[]];
  return ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--init-groups", "--", ...argv];
}
