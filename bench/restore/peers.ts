// Ways back that people have without Lastgood, step by step as they would type them.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../scripts/parts/run.ts";
import { asUser, type Cluster, database } from "./cluster.ts";

/** `before`: what is done while all is well. `back`: what brings it back; the time counts from its beginning. */
export type Way = {
  readonly before: (cluster: Cluster) => Promise<void>;
  readonly back: (cluster: Cluster) => Promise<string>;
};

const point = "before_release";

const must = async (ran: Promise<{ exitCode: number | null; stderr: string }>) => {
  const { exitCode, stderr } = await ran;
  if (exitCode !== 0) throw new Error(stderr.slice(-500));
};

const dropAndCreate = async (cluster: Cluster) => {
  await cluster.sql(`DROP DATABASE ${database} WITH (FORCE)`, "postgres");
  await cluster.sql(`CREATE DATABASE ${database}`, "postgres");
};

/** The runbook's plain dump, restored the way that works: into an emptied database of the same name. */
export const runbook: Way = {
  before: (cluster) => must(cluster.program("pg_dump", ["-f", join(cluster.folder, "backup.sql"), database])),
  back: async (cluster) => {
    await dropAndCreate(cluster);
    const file = join(cluster.folder, "backup.sql");
    await must(
      cluster.program("psql", [
        "-Xq",
        "-v",
        "ON_ERROR_STOP=1",
        "-o",
        "/dev/null",
        "-d",
        database,
        "-f",
        file,
      ]),
    );
    return "";
  },
};

/** Its commands as they are written there. What they say. */
export const literal: Way = {
  before: runbook.before,
  back: async (cluster) => {
    const ended = await cluster.program("pg_restore", ["-d", database, join(cluster.folder, "backup.sql")]);
    return `pg_restore ended with ${ended.exitCode}: ${ended.stderr.trim()}`;
  },
};

export const parallel: Way = {
  before: (cluster) =>
    must(
      cluster.program("pg_dump", ["-Fd", "-j2", "-Z1", "-f", join(cluster.folder, "backup.dir"), database]),
    ),
  back: async (cluster) => {
    await dropAndCreate(cluster);
    await must(
      cluster.program("pg_restore", [
        "-j2",
        "--exit-on-error",
        "-d",
        database,
        join(cluster.folder, "backup.dir"),
      ]),
    );
    return "";
  },
};

/** Settings of a server whose WAL pgBackRest archives. */
export function archiving({ folder }: { readonly folder: string }): Readonly<Record<string, string>> {
  const push = `pgbackrest --config=${folder}/pgbackrest.conf --stanza=bench archive-push %p`;
  return { archive_mode: "on", wal_level: "replica", archive_command: push };
}

const backrest = (cluster: Cluster, ...args: string[]) =>
  run(asUser(["pgbackrest", `--config=${cluster.folder}/pgbackrest.conf`, "--stanza=bench", ...args]), {
    cwd: cluster.folder,
    timeoutMs: 3_600_000,
  });

export const delta: Way = {
  before: async (cluster) => {
    const { folder, data, port } = cluster;
    const places = ["repo", "backrest-log", "lock", "spool"].map((name) => join(folder, name));
    for (const place of places) {
      await mkdir(place);
      await run(["chown", "--reference", folder, place]);
    }
    const [repo, log, lock, spool] = places;
    const config = `[global]\nrepo1-path=${repo}\nrepo1-retention-full=2\nlog-path=${log}\nlock-path=${lock}\nspool-path=${spool}
log-level-console=error\nlog-level-file=off\nstart-fast=y\nprocess-max=2\ncompress-type=lz4\n
[bench]\npg1-path=${data}\npg1-port=${port}\npg1-socket-path=${folder}\n`;
    await writeFile(join(folder, "pgbackrest.conf"), config);
    await chmod(join(folder, "pgbackrest.conf"), 0o644);
    await backrest(cluster, "stanza-create");
    await backrest(cluster, "backup", "--type=full");
    await cluster.sql(`SELECT pg_create_restore_point('${point}')`);
    await cluster.sql("SELECT pg_switch_wal()");
  },
  back: async (cluster) => {
    await cluster.stop();
    await backrest(
      cluster,
      "restore",
      "--delta",
      "--type=name",
      `--target=${point}`,
      "--target-action=promote",
    );
    await cluster.start();
    return "";
  },
};
