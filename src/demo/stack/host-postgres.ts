// The host's PostgreSQL: a cluster of its own, with the app's role and database.
import { access, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bed } from "./bed.ts";

export type Postgres = { readonly url: string; stop(): Promise<void> };

export type PostgresOptions = {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly port: number;
  readonly addresses: readonly string[];
};

const debianPrograms = "/usr/lib/postgresql/15/bin";
/** Root may not run it; Debian's package makes this user. */
const unprivileged = "postgres";

/** Takes connections when this resolves. It lies in a folder of its own, which its user can enter. */
export async function startPostgres(bed: Bed, options: PostgresOptions): Promise<Postgres> {
  const { user, password, database, port } = options;
  const programs = await access(debianPrograms).then(
    () => `${debianPrograms}/`,
    () => "",
  );
  const folder = await mkdtemp(join(tmpdir(), `${bed.name}-postgres-`));
  if (bed.isRoot) await chown(folder, await idOf(bed, "-u"), await idOf(bed, "-g"));
  const run = (program: string, ...args: readonly string[]) => {
    const argv: [string, ...string[]] = [`${programs}${program}`, ...args];
    return bed.run(bed.isRoot ? ["runuser", "-u", unprivileged, "--", ...argv] : argv, { cwd: folder });
  };
  const data = join(folder, "data");
  await run("initdb", "--no-sync", "--username=postgres", "--auth=trust", "--encoding=UTF8", "-D", data);
  await writeFile(join(data, "postgresql.auto.conf"), settings(folder, options));
  await writeFile(join(data, "pg_hba.conf"), "local all postgres trust\nhost all all all scram-sha-256\n");
  await run("pg_ctl", "start", "--wait", "-D", data, "-l", join(folder, "postgresql.log"));
  const psql = (sql: string) => run("psql", "-h", folder, "-p", `${port}`, "-U", "postgres", "-q", "-c", sql);
  // As a team does that wants its restores without a superuser: it may make databases, and end sessions.
  await psql(`CREATE ROLE ${user} LOGIN CREATEDB PASSWORD '${password}'`);
  await psql(`GRANT pg_signal_backend TO ${user}`);
  await psql(`CREATE DATABASE ${database} OWNER ${user}`);
  return {
    url: `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`,
    async stop() {
      if (
        await access(join(data, "postmaster.pid")).then(
          () => true,
          () => false,
        )
      )
        await run("pg_ctl", "stop", "--mode=immediate", "-D", data);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function idOf(bed: Bed, what: "-u" | "-g"): Promise<number> {
  return Number(await bed.run(["id", what, unprivileged]));
}

function settings(folder: string, { port, addresses }: PostgresOptions): string {
  return `port = ${port}
listen_addresses = '${addresses.join(",")}'
unix_socket_directories = '${folder}'
max_connections = 200
`;
}
